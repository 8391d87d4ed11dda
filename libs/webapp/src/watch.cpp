#include "payloads.hpp"

#include <algorithm>
#include <cmath>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
constexpr std::size_t kMaxText = 500;
constexpr std::size_t kMaxFaces = 256;
constexpr std::size_t kMaxCameras = 10'000;
constexpr int kMaxSide = 16'384;

const json::object* only_object(const socketio::Arguments& arguments) {
  return arguments.args.size() == 1 ? arguments.args.front().if_object() : nullptr;
}

std::optional<std::int64_t> whole(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  json::error_code code;
  // Also 1200.0, which is how some JSON libraries write a whole number.
  const auto number = value->to_number<std::int64_t>(code);
  if (code.failed() || !value->is_number()) return std::nullopt;
  return number;
}

std::optional<double> number(const json::value* value) {
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code code;
  const auto result = value->to_number<double>(code);
  if (code.failed() || !std::isfinite(result)) return std::nullopt;
  return result;
}

std::optional<std::string> text(const json::object& object, std::string_view name,
                                std::size_t max = kMaxText) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().size() > max) {
    return std::nullopt;
  }
  return std::string(value->get_string());
}

/// A string or null; nothing for anything else or when it is absent.
std::optional<std::string> text_or_null(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value != nullptr && value->is_null()) return std::string();
  return text(object, name);
}

std::optional<CameraId> camera_id(const json::object& object) {
  const auto value = text(object, "camera_id");
  if (!value) return std::nullopt;
  auto id = CameraId::parse(*value);
  if (!id) return std::nullopt;
  return *id;
}

std::optional<int> side(const json::object& object, std::string_view name, int min) {
  const auto value = whole(object, name);
  if (!value || *value < min || *value > kMaxSide) return std::nullopt;
  return static_cast<int>(*value);
}

bool is_box(const json::value* value) {
  if (value == nullptr || !value->is_array() || value->get_array().size() != 4) return false;
  return std::all_of(value->get_array().begin(), value->get_array().end(), [](const auto& side_) {
    const auto part = number(&side_);
    return part && *part >= 0 && *part <= 1;
  });
}

bool is_face(const json::value& value) {
  const auto* face = value.if_object();
  if (face == nullptr || !whole(*face, "track_id") || !is_box(face->if_contains("box"))) {
    return false;
  }
  const auto status = text(*face, "status");
  const auto person = text_or_null(*face, "person_id");
  const auto confidence = number(face->if_contains("confidence"));
  return status && domain::parse_face_status(*status) && person &&
         (person->empty() || is_uuid(*person)) && text_or_null(*face, "name") && confidence &&
         *confidence >= 0 && *confidence <= 1;
}

bool is_day_shaped(std::string_view day) {
  if (day.size() != 10 || day[4] != '-' || day[7] != '-') return false;
  for (const std::size_t i : {0U, 1U, 2U, 3U, 5U, 6U, 8U, 9U}) {
    if (day[i] < '0' || day[i] > '9') return false;
  }
  return true;
}

}  // namespace

int width_class(std::int64_t width) {
  if (width <= 320) return 320;
  return width <= 640 ? 640 : 1280;
}

std::optional<FramePayload> parse_frame(const socketio::Arguments& arguments) {
  const auto* object = only_object(arguments);
  if (object == nullptr) return std::nullopt;
  const auto camera = camera_id(*object);
  const auto seq = whole(*object, "seq");
  const auto timestamp = whole(*object, "timestamp");
  const auto width = side(*object, "width", 1);
  const auto height = side(*object, "height", 1);
  const auto* frame = object->if_contains("frame");
  if (!camera || !seq || *seq < 1 || !timestamp || !width || !height || frame == nullptr) {
    return std::nullopt;
  }
  const SharedBytes* jpeg = socketio::attachment(arguments, *frame);
  if (jpeg == nullptr || jpeg->empty()) return std::nullopt;
  return FramePayload{*camera, *seq, *timestamp, *width, *height, *jpeg};
}

std::optional<CameraPayload> parse_camera(const socketio::Arguments& arguments) {
  const auto* object = only_object(arguments);
  if (object == nullptr) return std::nullopt;
  const auto id = camera_id(*object);
  const auto name = text(*object, "name");
  const auto state_text = text(*object, "state");
  const auto state = domain::parse_camera_state(state_text.value_or(""));
  const auto reason = text_or_null(*object, "reason");
  const auto fps = number(object->if_contains("fps"));
  const auto width = side(*object, "width", 0);
  const auto height = side(*object, "height", 0);
  const auto codec = text(*object, "codec", 16);
  if (!id || !name || !state || !reason || !fps || *fps < 0 || !width || !height || !codec) {
    return std::nullopt;
  }
  return CameraPayload{*id, *name, *state, *reason, *fps, *width, *height, *codec};
}

std::optional<WatchPayload> parse_watch(const socketio::Arguments& arguments) {
  const auto* object = only_object(arguments);
  if (object == nullptr) return std::nullopt;
  WatchPayload watch;
  if (const auto* cameras = object->if_contains("cameras")) {
    if (!cameras->is_array() || cameras->get_array().size() > kMaxCameras) return std::nullopt;
    watch.cameras.emplace();
    for (const auto& item : cameras->get_array()) {
      if (!item.is_string()) return std::nullopt;
      watch.cameras->emplace_back(item.get_string());
    }
  }
  if (const auto* fps = object->if_contains("max_fps")) {
    const auto value = number(fps);
    if (!value) return std::nullopt;
    watch.max_fps = std::clamp(*value, 1.0, 60.0);
  }
  if (const auto* width = object->if_contains("max_width")) {
    const auto value = number(width);
    if (!value) return std::nullopt;
    watch.max_width = width_class(static_cast<std::int64_t>(std::clamp(*value, 1.0, 1280.0)));
  }
  return watch;
}

std::optional<EngineFacts> parse_engine(const json::object& auth) {
  const auto* value = auth.if_contains("engine");
  const auto* engine = value == nullptr ? nullptr : value->if_object();
  if (engine == nullptr) return std::nullopt;
  const auto name = text(*engine, "name");
  const auto model = text(*engine, "model");
  const auto* trial = engine->if_contains("trial");
  const auto notice = text(*engine, "notice");
  if (!name || !model || trial == nullptr || !trial->is_bool() || !notice) return std::nullopt;
  return EngineFacts{*name, *model, trial->get_bool(), *notice};
}

std::optional<CameraId> parse_detection(const socketio::Arguments& arguments) {
  const auto* object = only_object(arguments);
  if (object == nullptr) return std::nullopt;
  const auto camera = camera_id(*object);
  const auto* faces = object->if_contains("faces");
  if (!camera || !whole(*object, "seq") || !whole(*object, "timestamp") || faces == nullptr ||
      !faces->is_array() || faces->get_array().size() > kMaxFaces) {
    return std::nullopt;
  }
  const auto& list = faces->get_array();
  if (!std::all_of(list.begin(), list.end(), is_face)) return std::nullopt;
  return camera;
}

bool is_attendance(const socketio::Arguments& arguments) {
  const auto* object = only_object(arguments);
  if (object == nullptr) return false;
  const auto person = text(*object, "person_id");
  const auto camera = text_or_null(*object, "camera_id");
  const auto day = text(*object, "day");
  const auto* is_new = object->if_contains("new");
  const auto* corrected = object->if_contains("corrected");
  if (corrected != nullptr && !corrected->is_bool()) return false;
  return person && is_uuid(*person) && text(*object, "name") && day && is_day_shaped(*day) &&
         whole(*object, "first_seen") && whole(*object, "last_seen") && camera &&
         (camera->empty() || is_uuid(*camera)) && text(*object, "status") && is_new != nullptr &&
         is_new->is_bool();
}

socketio::Arguments attendance_event(const store::AttendanceChange& change) {
  json::object object;
  object["person_id"] = change.record.person_id.str();
  object["name"] = change.record.person;
  object["day"] = change.record.day;
  object["first_seen"] = to_millis(change.record.first_seen);
  object["last_seen"] = to_millis(change.record.last_seen);
  object["camera_id"] = nullptr;
  if (change.camera && !change.rebuilt) object["camera_id"] = change.camera->str();
  object["status"] = domain::to_string(change.record.status);
  object["new"] = change.made && !change.rebuilt;
  if (change.rebuilt) object["corrected"] = true;
  socketio::Arguments arguments;
  arguments.args.emplace_back(std::move(object));
  return arguments;
}

json::object to_json(const CameraPayload& camera) {
  json::object object;
  object["camera_id"] = camera.camera_id.str();
  object["name"] = camera.name;
  object["state"] = domain::to_string(camera.state);
  if (camera.reason.empty()) {
    object["reason"] = nullptr;
  } else {
    object["reason"] = camera.reason;
  }
  object["fps"] = camera.fps;
  object["width"] = camera.width;
  object["height"] = camera.height;
  object["codec"] = camera.codec;
  return object;
}

}  // namespace surveillx::webapp
