#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace surveillx::live {

/// A person's record of a day has changed in the database.
struct Attendance {
  static constexpr std::string_view kEvent = "attendance";

  PersonId person_id;
  std::string name;
  std::string day;          ///< `YYYY-MM-DD` in the site's time zone.
  UnixMillis first_seen{};  ///< Of the whole record, as is `last_seen`.
  UnixMillis last_seen{};
  std::optional<CameraId> camera_id;  ///< Of the sighting that caused it; nothing for a correction.
  std::string status;                 ///< The name of a domain::AttendanceStatus.
  bool is_new = false;                ///< The first sighting of the person on that day.
  bool corrected = false;             ///< Derived anew: the times replace earlier ones.

  /// With what the record says; the rest is the caller's.
  [[nodiscard]] static Attendance of(const domain::AttendanceRecord& record);
  [[nodiscard]] boost::json::object to_json() const;
  [[nodiscard]] static Result<Attendance> from_json(const boost::json::object& object);
  friend bool operator==(const Attendance&, const Attendance&) = default;
};

}  // namespace surveillx::live
