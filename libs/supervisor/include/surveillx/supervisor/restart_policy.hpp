#pragma once

#include <chrono>

#include "surveillx/base/clock.hpp"

namespace surveillx::supervisor {

/// How long to wait before a dead child is started again: short at first, doubling while it keeps
/// dying, short again once it has run for a while. Pure; time is passed in.
class RestartPolicy {
 public:
  struct Limits {
    std::chrono::milliseconds first{250};
    std::chrono::milliseconds longest{15'000};
    std::chrono::milliseconds healthy_after{20'000};
  };
  RestartPolicy() = default;
  explicit RestartPolicy(Limits limits) : limits_(limits) {}

  void started(SteadyTime now) { started_at_ = now; }
  /// The wait before the next start of a child that has just died.
  [[nodiscard]] std::chrono::milliseconds died(SteadyTime now);

 private:
  Limits limits_{};
  SteadyTime started_at_{};
  std::chrono::milliseconds next_{0};
};

}  // namespace surveillx::supervisor
