#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/domain/types.hpp"

#include <boost/json/object.hpp>

namespace surveillx::attendance {

/// A record as the HTTP API and the command line tell it (`Record` in
/// contracts/http.openapi.yaml), with times as the site's clocks show them.
[[nodiscard]] boost::json::object to_json(const domain::AttendanceRecord& record,
                                          const TimeZone& zone);

}  // namespace surveillx::attendance
