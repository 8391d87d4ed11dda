#include "surveillx/base/rate_limits.hpp"

#include <algorithm>

namespace surveillx {

double RateLimits::tokens_of(const Bucket& bucket, SteadyTime now) const {
  const std::chrono::duration<double, std::milli> passed = now - bucket.at;
  const double refill = static_cast<double>(options_.refill.count());
  return std::min(options_.capacity, bucket.tokens + (refill > 0 ? passed.count() / refill : 0));
}

const RateLimits::Bucket* RateLimits::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &*found->second;
}

bool RateLimits::take(std::string_view key) {
  const auto now = clock_.steady();
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (buckets_.size() >= options_.max_keys && !buckets_.empty()) {
      by_key_.erase(buckets_.front().key);
      buckets_.pop_front();
    }
    buckets_.push_back({std::string(key), options_.capacity, now});
    found = by_key_.emplace(buckets_.back().key, std::prev(buckets_.end())).first;
  } else {
    buckets_.splice(buckets_.end(), buckets_, found->second);
  }
  Bucket& bucket = *found->second;
  bucket.tokens = tokens_of(bucket, now);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

bool RateLimits::allows(std::string_view key) const {
  const Bucket* bucket = find(key);
  return bucket == nullptr || tokens_of(*bucket, clock_.steady()) >= 1;
}

std::chrono::milliseconds RateLimits::wait(std::string_view key) const {
  const Bucket* bucket = find(key);
  if (bucket == nullptr) return std::chrono::milliseconds(0);
  const double missing = 1 - tokens_of(*bucket, clock_.steady());
  if (missing <= 0) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(missing * static_cast<double>(options_.refill.count())) + 1);
}

void RateLimits::give_back(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  found->second->tokens = std::min(options_.capacity, found->second->tokens + 1);
}

void RateLimits::forget(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const auto bucket = found->second;
  by_key_.erase(found);
  buckets_.erase(bucket);
}

}  // namespace surveillx
