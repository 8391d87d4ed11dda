#pragma once

#include "surveillx/base/clock.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

namespace surveillx {

/// One thread that all cameras share for their watchdogs and time limits. Jobs are short, never
/// call into what may hang (see `aside`) and capture weak_ptrs: there is no cancelling, a job whose
/// owner is gone does nothing.
class TimerThread {
 public:
  /// Started at the first call; lives as long as the process.
  [[nodiscard]] static TimerThread& instance();
  void at(SteadyTime when, std::function<void()> job);

 private:
  TimerThread();
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<SteadyTime, std::function<void()>> jobs_;
};

/// Runs on one of two spare threads what a timer wants of a library that may hang, such as
/// GStreamer. That then takes away statistics, keyframe requests and a look at a failed connection
/// at worst, for which the watchdogs, which go on, end the session later. What finds the queue full
/// is dropped.
void aside(std::function<void()> call);
/// The same after a delay.
void aside_after(std::chrono::milliseconds delay, std::function<void()> call);

}  // namespace surveillx
