#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace surveillx::net {

/// How long a request may take to arrive: a time for all of it, and the longer the more of its body
/// has come, so that a large one over a slow line arrives and one that only trickles is given up.
/// There is never more than that time left, so that silence is bounded too, and nobody saves up
/// hours with a fast beginning. While we do not read, the peer's time stands still. Pure.
class RequestClock {
 public:
  using Clock = std::chrono::steady_clock;

  void begin(Clock::time_point now) {
    *this = {};
    began_ = now;
  }
  void set_pace(std::chrono::milliseconds timeout, std::size_t min_bytes_per_second) {
    timeout_ = timeout;
    deadline_ = began_ + timeout;
    rate_ = std::max<std::size_t>(min_bytes_per_second, 1);
  }
  /// Bytes of the body, about: as they came, with what frames them.
  void received(std::size_t size, Clock::time_point now) {
    const auto earned = std::chrono::nanoseconds(std::uint64_t{size} * 1'000'000'000 / rate_);
    deadline_ = std::min(deadline_ + earned, now + timeout_);
  }

  void pause(Clock::time_point now) {
    if (!paused_) paused_ = now;
  }
  void resume(Clock::time_point now) {
    if (paused_) deadline_ += now - *paused_;
    paused_.reset();
  }
  /// From `now`, while it is not paused.
  [[nodiscard]] std::chrono::milliseconds left(Clock::time_point now) const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now),
                    std::chrono::milliseconds(0));
  }

 private:
  Clock::time_point began_;
  Clock::time_point deadline_;
  std::chrono::milliseconds timeout_{0};
  std::size_t rate_ = 1;
  std::optional<Clock::time_point> paused_;
};

}  // namespace surveillx::net
