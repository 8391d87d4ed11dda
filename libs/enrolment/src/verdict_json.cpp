#include "surveillx/enrolment/verdict_json.hpp"

#include <cmath>

namespace surveillx::enrolment {

boost::json::object to_json(const Verdict& verdict) {
  boost::json::object object;
  object["ok"] = verdict.accepted;
  object["reason"] = nullptr;
  if (!verdict.reason.empty()) object["reason"] = verdict.reason;
  if (verdict.like) {
    // Four decimals: more would only pretend to be exact.
    const double distance = std::round(static_cast<double>(verdict.like->distance) * 1e4) / 1e4;
    object["looks_like"] = {{"person_id", verdict.like->person_id.str()},
                            {"person", verdict.like->person},
                            {"distance", distance}};
  }
  if (!verdict.message.empty()) object["message"] = verdict.message;
  return object;
}

}  // namespace surveillx::enrolment
