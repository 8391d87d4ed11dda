#include "surveillx/live/demand.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace surveillx::live {
namespace {

namespace json = boost::json;

constexpr double kMaxFps = 60;
constexpr std::size_t kMaxWidths = 2;

Error bad(const char* what) { return Error{kMalformed, std::string("demand: ") + what}; }

Result<CameraDemand> camera_demand(const json::value& value) {
  const auto* entry = value.if_object();
  const auto* fps = entry != nullptr ? entry->if_contains("fps") : nullptr;
  const auto* widths = entry != nullptr ? entry->if_contains("widths") : nullptr;
  if (fps == nullptr || !fps->is_number() || widths == nullptr || !widths->is_array()) {
    return bad("a camera has no `fps` or no `widths`");
  }
  CameraDemand demand;
  const double wanted_fps = fps->to_number<double>();
  demand.fps = std::isfinite(wanted_fps) ? std::clamp(wanted_fps, 0.0, kMaxFps) : 0;
  for (const auto& width : widths->get_array()) {
    if (!width.is_int64()) return bad("a width is not an integer");
    if (std::find(kWidths.begin(), kWidths.end(), width.get_int64()) == kWidths.end()) {
      return bad("a width is not 320, 640 or 1280");
    }
    demand.widths.push_back(static_cast<int>(width.get_int64()));
  }
  std::sort(demand.widths.begin(), demand.widths.end());
  demand.widths.erase(std::unique(demand.widths.begin(), demand.widths.end()),
                      demand.widths.end());
  if (demand.widths.size() > kMaxWidths) return bad("more than two widths");
  return demand;
}

}  // namespace

int width_class(std::int64_t width) {
  const auto* found = std::find_if(kWidths.begin(), kWidths.end(),
                                   [width](int candidate) { return candidate >= width; });
  return found == kWidths.end() ? kWidths.back() : *found;
}

json::object Demand::to_json() const {
  json::object all;
  for (const auto& [id, wanted] : cameras) {
    json::object entry;
    entry["fps"] = wanted.fps;
    entry["widths"] = json::array(wanted.widths.begin(), wanted.widths.end());
    all[id.str()] = std::move(entry);
  }
  json::object object;
  object["cameras"] = std::move(all);
  return object;
}

Result<Demand> Demand::from_json(const json::object& object) {
  const auto* cameras = object.if_contains("cameras");
  if (cameras == nullptr || !cameras->is_object()) return bad("`cameras` is not an object");
  Demand demand;
  for (const auto& [key, value] : cameras->get_object()) {
    auto id = CameraId::parse(std::string_view(key.data(), key.size()));
    if (!id) return bad("a camera's id is not a UUID");
    auto wanted = camera_demand(value);
    if (!wanted) return wanted.error();
    demand.cameras.emplace(std::move(*id), std::move(*wanted));
  }
  return demand;
}

}  // namespace surveillx::live
