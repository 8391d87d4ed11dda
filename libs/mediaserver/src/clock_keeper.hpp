#pragma once

#include <optional>

#include "clock_watch.hpp"
#include "surveillx/store/clocks.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// Says aloud when this machine's clock is wrong or was: compares it with itself (ClockWatch), with
/// the database server's and with the sightings that are stored, and notes in the database which
/// sightings that puts in doubt. On the follower's thread only.
class ClockKeeper {
 public:
  /// How often the database is asked; steps are looked for at every look.
  static constexpr std::chrono::seconds kCompareEvery{60};
  /// A smaller difference to the database server is nobody's concern.
  static constexpr std::chrono::seconds kDifference{5};

  ClockKeeper(ClockWatch& watch, store::Clocks clocks, telemetry::Metrics& metrics,
              const Clock& clock = system_clock());

  void look(bool database_answers);

 private:
  [[nodiscard]] Result<void> compare();

  ClockWatch& watch_;
  store::Clocks clocks_;
  const Clock& clock_;
  telemetry::Counter steps_;
  telemetry::Gauge ahead_;
  telemetry::Counter future_;
  bool to_note_ = false;
  bool differs_ = false;
  bool failing_ = false;
  std::optional<SteadyTime> compared_;
};

}  // namespace surveillx::mediaserver
