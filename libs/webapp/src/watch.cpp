#include "watch.hpp"

#include "surveillx/live/demand.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
constexpr std::size_t kMaxCameras = 10'000;

std::optional<double> number(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  json::error_code code;
  const auto result = value.to_number<double>(code);
  if (code.failed() || !std::isfinite(result)) return std::nullopt;
  return result;
}

}  // namespace

std::optional<WatchPayload> parse_watch(const socketio::Arguments& arguments) {
  const auto* object = socketio::only_object(arguments);
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
    const auto value = number(*fps);
    if (!value) return std::nullopt;
    watch.max_fps = std::clamp(*value, 1.0, 60.0);
  }
  if (const auto* width = object->if_contains("max_width")) {
    const auto value = number(*width);
    if (!value) return std::nullopt;
    watch.max_width = live::width_class(static_cast<std::int64_t>(std::clamp(*value, 1.0, 1280.0)));
  }
  return watch;
}

}  // namespace surveillx::webapp
