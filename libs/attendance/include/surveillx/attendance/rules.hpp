#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/domain/types.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

/// How sightings become attendance records. Pure: no database, no clock. A record holds the
/// earliest and the latest of its sightings, so neither their order nor repeats matter as long as
/// each sighting counts once. Thread-safe.
namespace surveillx::attendance {

/// What one person's day amounts to; the derived part of a domain::AttendanceRecord.
struct DayRecord {
  PersonId person_id;
  std::string day;
  UnixMillis first_seen{};
  UnixMillis last_seen{};
  std::int64_t sightings = 0;
  domain::AttendanceStatus status = domain::AttendanceStatus::present;
  friend bool operator==(const DayRecord&, const DayRecord&) = default;
};

/// The record after one more sighting, which the caller knows to be new. `before` is the record of
/// the same person and of `zone.local_day(sighting.at)`, if there is one.
[[nodiscard]] DayRecord with_sighting(const std::optional<DayRecord>& before,
                                      const domain::Sighting& sighting, const TimeZone& zone);

/// All records of any pile of sightings, in order of day and person; a sighting id that comes
/// several times counts once.
[[nodiscard]] std::vector<DayRecord> derive(std::span<const domain::Sighting> sightings,
                                            const TimeZone& zone);

}  // namespace surveillx::attendance
