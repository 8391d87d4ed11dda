#include "surveillx/live/detection.hpp"

#include "limits.hpp"
#include "reader.hpp"

#include <boost/json/array.hpp>

#include <array>
#include <optional>
#include <utility>

namespace surveillx::live {
namespace {

namespace json = boost::json;

json::object face_json(const domain::Face& face) {
  const bool known = face.status == domain::FaceStatus::known && face.person_id;
  json::object object;
  object["track_id"] = face.track_id;
  object["box"] = json::array{face.box.x, face.box.y, face.box.w, face.box.h};
  object["status"] = domain::to_string(face.status);
  object["person_id"] = known ? json::value(face.person_id->str()) : json::value(nullptr);
  object["name"] = known ? json::value(face.name) : json::value(nullptr);
  object["confidence"] = face.confidence;
  return object;
}

std::optional<domain::Box> box_of(const json::value& value) {
  const auto* array = value.if_array();
  if (array == nullptr || array->size() != 4) return std::nullopt;
  std::array<double, 4> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = finite_number((*array)[i]);
    if (!part || *part < 0 || *part > 1) return std::nullopt;
    parts[i] = *part;
  }
  return domain::Box{parts[0], parts[1], parts[2], parts[3]};
}

std::optional<domain::Face> face_of(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  Reader read("face", *object);
  domain::Face face;
  face.track_id = read.whole("track_id");
  const auto* box = read.member("box");
  const auto sides = box == nullptr ? std::nullopt : box_of(*box);
  read.require(sides.has_value(), "box");
  const auto status = domain::parse_face_status(read.text("status"));
  read.require(status.has_value(), "status");
  face.person_id = read.id_or_null<PersonId>("person_id");
  face.name = read.text_or_null("name");
  face.confidence = read.number("confidence", 0, 1);
  if (read.failed()) return std::nullopt;
  face.box = *sides;
  face.status = *status;
  if (face.status != domain::FaceStatus::known || !face.person_id) {
    face.person_id.reset();
    face.name.clear();
  }
  return face;
}

}  // namespace

json::object Detection::to_json() const {
  json::array all;
  all.reserve(faces.size());
  for (const auto& face : faces) all.emplace_back(face_json(face));
  json::object object;
  object["camera_id"] = camera_id.str();
  object["seq"] = seq;
  object["timestamp"] = to_millis(timestamp);
  object["faces"] = std::move(all);
  return object;
}

Result<Detection> Detection::from_json(const json::object& object) {
  Reader read(kEvent, object);
  Detection detection;
  detection.camera_id = read.id<CameraId>("camera_id");
  detection.seq = read.whole("seq");
  detection.timestamp = from_millis(read.whole("timestamp"));
  const auto* member = read.member("faces");
  const auto* faces = member == nullptr ? nullptr : member->if_array();
  read.require(faces != nullptr && faces->size() <= kMaxFaces, "faces");
  if (!read.failed()) {
    detection.faces.reserve(faces->size());
    for (const auto& value : *faces) {
      auto face = face_of(value);
      read.require(face.has_value(), "faces");
      if (!face) break;
      detection.faces.push_back(std::move(*face));
    }
  }
  return read.done(std::move(detection));
}

}  // namespace surveillx::live
