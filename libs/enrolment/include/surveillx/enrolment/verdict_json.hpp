#pragma once

#include "surveillx/enrolment/enroller.hpp"

#include <boost/json/object.hpp>

namespace surveillx::enrolment {

/// `{ok, reason}`, with `looks_like: {person_id, person, distance}` where that is the reason and
/// `message` where there is something to do. Who tells it says of which photo.
[[nodiscard]] boost::json::object to_json(const Verdict& verdict);

}  // namespace surveillx::enrolment
