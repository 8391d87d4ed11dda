#include "payloads.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace surveillx::mediaserver {
namespace {

namespace json = boost::json;

socketio::Arguments one(json::object object) {
  socketio::Arguments arguments;
  arguments.args.emplace_back(std::move(object));
  return arguments;
}

json::array faces_json(const std::vector<domain::Face>& faces) {
  json::array all;
  all.reserve(faces.size());
  for (const domain::Face& face : faces) {
    const bool known = face.status == domain::FaceStatus::known && face.person_id;
    json::object object;
    object["track_id"] = face.track_id;
    object["box"] = json::array{face.box.x, face.box.y, face.box.w, face.box.h};
    object["status"] = domain::to_string(face.status);
    object["person_id"] = known ? json::value(face.person_id->str()) : json::value(nullptr);
    object["name"] = known ? json::value(face.name) : json::value(nullptr);
    object["confidence"] = face.confidence;
    all.emplace_back(std::move(object));
  }
  return all;
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

socketio::Arguments frame_payload(const EncodedFrame& frame) {
  socketio::Arguments arguments;
  json::object object;
  object["camera_id"] = frame.camera.str();
  object["seq"] = frame.seq;
  object["timestamp"] = to_millis(frame.timestamp);
  object["width"] = frame.size.width;
  object["height"] = frame.size.height;
  object["frame"] = socketio::attach(arguments, frame.jpeg);
  arguments.args.emplace_back(std::move(object));
  return arguments;
}

socketio::Arguments legacy_frame_payload(const EncodedFrame& frame) {
  return one({{"frame", base64_encode(frame.jpeg.view())},
              {"camera_id", frame.camera_number},
              {"timestamp", format_rfc3339_utc(frame.timestamp)}});
}

socketio::Arguments detection_payload(const Detection& detection) {
  return one({{"camera_id", detection.camera.str()},
              {"seq", detection.seq},
              {"timestamp", to_millis(detection.timestamp)},
              {"faces", faces_json(detection.faces)}});
}

socketio::Arguments legacy_detection_payload(const Detection& detection) {
  return one({{"camera_id", detection.camera_number},
              {"seq", detection.seq},
              {"timestamp", format_rfc3339_utc(detection.timestamp)},
              {"faces", faces_json(detection.faces)}});
}

socketio::Arguments camera_payload(const CameraReport& report) {
  const bool live = report.state == domain::CameraState::live;
  return one({{"camera_id", report.camera.id.str()},
              {"name", report.camera.name},
              {"state", domain::to_string(report.state)},
              {"reason", text_or_null(report.reason)},
              {"fps", live ? report.fps : 0.0},
              {"width", report.size.width},
              {"height", report.size.height},
              {"codec", report.codec}});
}

socketio::Arguments attendance_payload(const AttendanceNews& news) {
  return one({{"person_id", news.record.person_id.str()},
              {"name", news.record.person},
              {"day", news.record.day},
              {"first_seen", to_millis(news.record.first_seen)},
              {"last_seen", to_millis(news.record.last_seen)},
              {"camera_id", text_or_null(news.camera.str())},
              {"status", domain::to_string(news.record.status)},
              {"new", news.is_new}});
}

}  // namespace surveillx::mediaserver
