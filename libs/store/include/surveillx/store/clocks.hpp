#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/store/context.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::store {

/// Sightings whose times are not to be believed: all that one media process made between two steps
/// of its clock (an epoch), or that lay in the future when somebody looked.
struct ClockDoubt {
  std::string epoch;  ///< Empty: of a version that did not note it.
  /// How far their clock was ahead (negative: behind); nothing when nobody saw it being set right.
  std::optional<std::chrono::milliseconds> ahead;
  UnixMillis noticed_at{};
  std::string reason;
  // Filled by `list`.
  std::int64_t open = 0;      ///< Sightings that are not repaired.
  std::int64_t repaired = 0;
  UnixMillis first{};         ///< Earliest and latest time of the open ones, as they were noted.
  UnixMillis last{};
};

struct ClockRepair {
  std::int64_t sightings = 0;
  std::int64_t people = 0;
};

/// What is known about wrong clocks, and its repair. A sighting itself never changes: beside it lies
/// which time is believed instead, and records are derived from that.
class Clocks {
 public:
  explicit Clocks(ContextPtr context) : context_(std::move(context)) {}

  /// A time further ahead of now than this is a time from the future.
  static constexpr std::chrono::seconds kTolerance{30};

  /// Notes what a media process knows of its own epochs; an `ahead` of zero takes a doubt back.
  [[nodiscard]] Result<void> note(const std::vector<ClockDoubt>& doubts);
  /// Marks sightings that lie in the future of this process's clock or of the database server's and
  /// are in no doubt yet. Says how many.
  [[nodiscard]] Result<std::int64_t> mark_future();
  /// How far this process's clock is ahead of the database server's; nothing for SQLite, whose
  /// processes share one machine.
  [[nodiscard]] Result<std::optional<std::chrono::milliseconds>> ahead_of_database();
  /// Doubts that have open sightings, by when they were noticed.
  [[nodiscard]] Result<std::vector<ClockDoubt>> list();
  /// Believes the open sightings of a doubt `by` earlier than they say, or not at all when it is
  /// nothing, and derives the days of everybody concerned anew in the site's zone (`fallback` while
  /// none is written down). Repeating it changes nothing. Errors: `not_found`.
  [[nodiscard]] Result<ClockRepair> repair(const std::string& epoch,
                                           std::optional<std::chrono::milliseconds> by,
                                           const attendance::TimeZone& fallback);

 private:
  ContextPtr context_;
};

}  // namespace surveillx::store
