#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/base/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace date {
class time_zone;
}

namespace surveillx::attendance {

inline constexpr ErrorName kUnknownTimeZone{"unknown_time_zone"};
/// Not a day of the calendar in the form `YYYY-MM-DD`.
inline constexpr ErrorName kBadDay{"bad_day"};

/// From `begin` up to, not including, `end`.
struct DayRange {
  UnixMillis begin;
  UnixMillis end;
  friend bool operator==(const DayRange&, const DayRange&) = default;
};

/// An IANA time zone from the system's tzdata, for example `Europe/Berlin`. Cheap to copy; the zone
/// data live as long as the program. Thread-safe.
class TimeZone {
 public:
  /// Errors: `unknown_time_zone`, whose message suggests the nearest name; also when the machine
  /// has no tzdata. An empty name or `local` is the machine's own zone (UTC when that is not set).
  [[nodiscard]] static Result<TimeZone> find(std::string_view name);
  [[nodiscard]] static TimeZone utc();

  [[nodiscard]] const std::string& name() const { return name_; }
  /// The day on the wall calendar here at `t`: `YYYY-MM-DD`.
  [[nodiscard]] std::string local_day(UnixMillis t) const;
  /// When that day begins and ends here: 23, 24 or 25 hours where clocks change. A midnight that
  /// clocks jump over is replaced by the jump's moment, one that happens twice by its first.
  /// Errors: `bad_day`.
  [[nodiscard]] Result<DayRange> range_of(std::string_view day) const;
  /// `2026-11-22T09:15:00.123+01:00` (RFC 3339, with this zone's offset at `t`).
  [[nodiscard]] std::string format_rfc3339(UnixMillis t) const;
  /// The offset in use at `t`: `+01:00`.
  [[nodiscard]] std::string format_offset(UnixMillis t) const;
  /// True when clocks change on that day, so that times without offsets may repeat or run backwards.
  /// False for what is no day.
  [[nodiscard]] bool clocks_change_on(std::string_view day) const;
  /// `2026-11-22 09:15:00`, for tables that people read.
  [[nodiscard]] std::string format_local(UnixMillis t) const;

 private:
  TimeZone(const date::time_zone* zone, std::string name) : zone_(zone), name_(std::move(name)) {}

  const date::time_zone* zone_;  ///< Null for plain UTC.
  std::string name_;
};

[[nodiscard]] inline std::string local_day(const TimeZone& zone, UnixMillis t) {
  return zone.local_day(t);
}

/// True for a real calendar day written `YYYY-MM-DD` (years 1970 to 9999).
[[nodiscard]] bool is_day(std::string_view text);
/// The calendar day `days` later (or earlier). Errors: `bad_day`.
[[nodiscard]] Result<std::string> add_days(std::string_view day, int days);

}  // namespace surveillx::attendance
