#include "legacy_payloads.hpp"

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/clock.hpp"

namespace surveillx::mediaserver {

namespace json = boost::json;

json::object legacy_frame(const domain::Camera& camera, const live::Frame& frame) {
  return {{"frame", base64_encode(frame.jpeg.view())},
          {"camera_id", camera.number},
          {"timestamp", format_rfc3339_utc(frame.timestamp)}};
}

json::object legacy_detection(const domain::Camera& camera, const live::Detection& detection) {
  auto object = detection.to_json();
  object["camera_id"] = camera.number;
  object["timestamp"] = format_rfc3339_utc(detection.timestamp);
  return object;
}

}  // namespace surveillx::mediaserver
