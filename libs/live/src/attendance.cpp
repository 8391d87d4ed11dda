#include "surveillx/live/attendance.hpp"

#include "reader.hpp"
#include "writer.hpp"

#include <utility>

namespace surveillx::live {
namespace {

namespace json = boost::json;

bool is_day_shaped(std::string_view day) {
  if (day.size() != 10 || day[4] != '-' || day[7] != '-') return false;
  for (const std::size_t i : {0U, 1U, 2U, 3U, 5U, 6U, 8U, 9U}) {
    if (day[i] < '0' || day[i] > '9') return false;
  }
  return true;
}

}  // namespace

Attendance Attendance::of(const domain::AttendanceRecord& record) {
  Attendance attendance;
  attendance.person_id = record.person_id;
  attendance.name = record.person;
  attendance.day = record.day;
  attendance.first_seen = record.first_seen;
  attendance.last_seen = record.last_seen;
  attendance.status = domain::to_string(record.status);
  return attendance;
}

json::object Attendance::to_json() const {
  json::object object;
  object["person_id"] = person_id.str();
  object["name"] = name;
  object["day"] = day;
  object["first_seen"] = to_millis(first_seen);
  object["last_seen"] = to_millis(last_seen);
  object["camera_id"] = null_when_empty(camera_id ? camera_id->str() : std::string());
  object["status"] = status;
  object["new"] = is_new;
  if (corrected) object["corrected"] = true;
  return object;
}

Result<Attendance> Attendance::from_json(const json::object& object) {
  Reader read(kEvent, object);
  Attendance attendance;
  attendance.person_id = read.id<PersonId>("person_id");
  attendance.name = read.text("name");
  attendance.day = read.text("day");
  read.require(is_day_shaped(attendance.day), "day");
  attendance.first_seen = from_millis(read.whole("first_seen"));
  attendance.last_seen = from_millis(read.whole("last_seen"));
  attendance.camera_id = read.id_or_null<CameraId>("camera_id");
  attendance.status = read.text("status");
  attendance.is_new = read.flag("new");
  attendance.corrected = read.optional_flag("corrected");
  return read.done(std::move(attendance));
}

}  // namespace surveillx::live
