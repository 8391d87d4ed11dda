#pragma once

#include <chrono>

#include "follower_pulse.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// Looks after the threads that follow the database: how long ago each of them looked, as a metric,
/// and a line in the log when one hangs. Not thread-safe; the pulses and the metrics must outlive it.
class FollowerWatch {
 public:
  /// `photos`: null without recognition.
  FollowerWatch(const FollowerPulse& revisions, const FollowerPulse* photos,
                telemetry::Metrics& metrics);

  /// To be called every few seconds. False when the revisions' follower hangs: nobody hears of revoked
  /// tokens any more, and only a new process helps. Photos are no reason: one may take long, and the
  /// others wait.
  [[nodiscard]] bool look();

  /// A photo that is not decided by then is told of.
  static constexpr std::chrono::minutes kLongPhoto{2};

 private:
  void look_at_photos();

  const FollowerPulse& revisions_;
  const FollowerPulse* photos_;
  telemetry::Gauge since_look_;
  telemetry::Gauge since_photo_;
  bool hangs_ = false;
  bool photo_takes_long_ = false;
};

}  // namespace surveillx::mediaserver
