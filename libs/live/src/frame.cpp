#include "surveillx/live/frame.hpp"

#include "limits.hpp"
#include "reader.hpp"

#include <utility>

namespace surveillx::live {

namespace json = boost::json;

json::object Frame::to_json(json::value picture) const {
  json::object object;
  object["camera_id"] = camera_id.str();
  object["seq"] = seq;
  object["timestamp"] = to_millis(timestamp);
  if (server_time) object["server_time"] = to_millis(*server_time);
  object["width"] = width;
  object["height"] = height;
  object["frame"] = std::move(picture);
  return object;
}

Result<Frame> Frame::from_json(const json::object& object, const FindBytes& find_bytes) {
  Reader read(kEvent, object);
  Frame frame;
  frame.camera_id = read.id<CameraId>("camera_id");
  frame.seq = read.whole("seq", 1);
  frame.timestamp = from_millis(read.whole("timestamp"));
  frame.width = static_cast<int>(read.whole("width", 1, kMaxSide));
  frame.height = static_cast<int>(read.whole("height", 1, kMaxSide));
  const auto* picture = read.member("frame");
  const SharedBytes* jpeg = picture == nullptr ? nullptr : find_bytes(*picture);
  read.require(jpeg != nullptr && !jpeg->empty(), "frame");
  if (jpeg != nullptr) frame.jpeg = *jpeg;
  return read.done(std::move(frame));
}

}  // namespace surveillx::live
