#pragma once

#include <algorithm>
#include <chrono>

#include "surveillx/base/clock.hpp"

namespace surveillx {

/// A token bucket: `capacity` at once, and one more each `refill`. Pure: time is given. Not
/// thread-safe.
class TokenBucket {
 public:
  TokenBucket(int capacity, SteadyTime::duration refill)
      : capacity_(std::max(capacity, 1)),
        refill_(std::max(refill, SteadyTime::duration(1))) {}

  /// True, and one token fewer, when there is one.
  [[nodiscard]] bool take(SteadyTime now) {
    if (wait(now) > SteadyTime::duration::zero()) return false;
    full_at_ = std::max(full_at_, now) + refill_;
    return true;
  }
  /// How long until there is a token; zero when there is one.
  [[nodiscard]] SteadyTime::duration wait(SteadyTime now) const {
    // All that is kept is when the bucket will be full again: each token taken puts that off by one
    // refill, and it must never be further away than a whole bucket (the GCRA of ATM's policers).
    return std::max(full_at_ + refill_ - now - refill_ * capacity_, SteadyTime::duration::zero());
  }
  /// Nothing has been taken for so long that a new bucket would say the same.
  [[nodiscard]] bool full(SteadyTime now) const { return full_at_ <= now; }

 private:
  int capacity_;
  SteadyTime::duration refill_;
  SteadyTime full_at_{};
};

}  // namespace surveillx
