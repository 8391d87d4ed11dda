#pragma once

#include "surveillx/base/clock.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

namespace surveillx::webrtc {

/// One thread that all sessions share for their watchdogs and time limits. Jobs are short, never
/// call into GStreamer (see `aside`) and capture weak_ptrs: there is no cancelling, a job whose
/// session is gone does nothing.
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

/// Runs a call into GStreamer on one of two spare threads. A webrtcbin that hangs then takes away
/// statistics and keyframe requests at worst; every session's watchdog goes on.
void aside(std::function<void()> call);

}  // namespace surveillx::webrtc
