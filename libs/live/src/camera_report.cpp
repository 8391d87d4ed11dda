#include "surveillx/live/camera_report.hpp"

#include "limits.hpp"
#include "reader.hpp"
#include "writer.hpp"

#include <limits>
#include <utility>

namespace surveillx::live {

namespace json = boost::json;

json::object CameraReport::to_json() const {
  json::object object;
  object["camera_id"] = camera_id.str();
  object["name"] = name;
  object["state"] = domain::to_string(state);
  object["reason"] = null_when_empty(reason);
  object["fps"] = state == domain::CameraState::live ? fps : 0.0;
  object["width"] = width;
  object["height"] = height;
  object["codec"] = codec;
  return object;
}

Result<CameraReport> CameraReport::from_json(const json::object& object) {
  Reader read(kEvent, object);
  CameraReport report;
  report.camera_id = read.id<CameraId>("camera_id");
  report.name = read.text("name");
  const auto state = domain::parse_camera_state(read.text("state"));
  read.require(state.has_value(), "state");
  report.state = state.value_or(domain::CameraState::offline);
  report.reason = read.text_or_null("reason");
  report.fps = read.number("fps", 0, std::numeric_limits<double>::max());
  if (report.state != domain::CameraState::live) report.fps = 0;
  report.width = static_cast<int>(read.whole("width", 0, kMaxSide));
  report.height = static_cast<int>(read.whole("height", 0, kMaxSide));
  report.codec = read.text("codec", kMaxCodec);
  return read.done(std::move(report));
}

}  // namespace surveillx::live
