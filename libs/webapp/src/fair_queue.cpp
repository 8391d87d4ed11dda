#include "fair_queue.hpp"

#include "surveillx/base/log.hpp"

#include <exception>
#include <utility>

namespace surveillx::webapp {

FairQueue::FairQueue(net::EventLoop& loop, std::string name, Limits limits)
    : loop_(loop), limits_(limits), pool_(std::move(name), limits.threads, limits.threads) {}

bool FairQueue::push(const std::string& key, std::function<void()> job) {
  auto& waiting = jobs_[key];
  if (waiting.size() >= limits_.per_key || waiting_ >= limits_.total) {
    if (waiting.empty()) jobs_.erase(key);
    return false;
  }
  if (waiting.empty()) turns_.push_back(key);
  waiting.push_back(std::move(job));
  ++waiting_;
  start_next();
  return true;
}

void FairQueue::start_next() {
  while (running_ < limits_.threads && !turns_.empty()) {
    const std::string key = std::move(turns_.front());
    turns_.pop_front();
    auto& waiting = jobs_[key];
    const auto job = std::move(waiting.front());
    waiting.pop_front();
    --waiting_;
    if (waiting.empty()) {
      jobs_.erase(key);
    } else {
      turns_.push_back(key);
    }
    const bool posted = pool_.try_post([this, job] {
      try {
        job();
      } catch (const std::exception& e) {
        log::error("worker.job_failed", {{"error", e.what()}});
      }
      loop_.post([this] {
        --running_;
        start_next();
      });
    });
    if (!posted) return;  // Only while it stops.
    ++running_;
  }
}

}  // namespace surveillx::webapp
