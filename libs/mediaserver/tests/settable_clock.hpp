#pragma once

#include "surveillx/base/clock.hpp"

#include <chrono>

namespace surveillx::mediaserver {

/// A clock that somebody sets.
class SettableClock final : public Clock {
 public:
  [[nodiscard]] UnixMillis now() const override { return wall_; }
  [[nodiscard]] SteadyTime steady() const override { return steady_; }
  void advance(std::chrono::milliseconds by) {
    wall_ += by;
    steady_ += by;
  }
  void set_by(std::chrono::milliseconds by) { wall_ += by; }

 private:
  UnixMillis wall_ = from_millis(1'795'600'000'000);
  SteadyTime steady_ = SteadyTime(std::chrono::hours(1));
};

}  // namespace surveillx::mediaserver
