#include "surveillx/attendance/record_json.hpp"

namespace surveillx::attendance {

boost::json::object to_json(const domain::AttendanceRecord& record, const TimeZone& zone) {
  boost::json::object object;
  object["person_id"] = record.person_id.str();
  object["person"] = record.person;
  object["external_id"] = record.external_id;
  object["day"] = record.day;
  object["first_seen"] = zone.format_rfc3339(record.first_seen);
  object["last_seen"] = zone.format_rfc3339(record.last_seen);
  object["sightings"] = record.sightings;
  object["status"] = domain::to_string(record.status);
  return object;
}

}  // namespace surveillx::attendance
