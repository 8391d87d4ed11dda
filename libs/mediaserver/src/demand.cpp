#include "demand.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>

namespace surveillx::mediaserver {
namespace {

constexpr double kMaxFps = 60;
constexpr std::size_t kMaxWidths = 2;

Error bad(const char* what) { return Error{kBadDemand, std::string("demand: ") + what}; }

}  // namespace

Result<std::map<CameraId, Demand>> parse_demand(const boost::json::value& argument) {
  std::map<CameraId, Demand> all;
  const auto* object = argument.if_object();
  const auto* cameras = object != nullptr ? object->if_contains("cameras") : nullptr;
  if (cameras == nullptr || !cameras->is_object()) return bad("`cameras` is not an object");
  for (const auto& [key, value] : cameras->get_object()) {
    const auto id = CameraId::parse(std::string_view(key.data(), key.size()));
    if (!id) return bad("a camera's id is not a UUID");
    const auto* entry = value.if_object();
    const auto* fps = entry != nullptr ? entry->if_contains("fps") : nullptr;
    const auto* widths = entry != nullptr ? entry->if_contains("widths") : nullptr;
    if (fps == nullptr || !fps->is_number() || widths == nullptr || !widths->is_array()) {
      return bad("a camera has no `fps` or no `widths`");
    }
    Demand demand;
    const double wanted_fps = fps->to_number<double>();
    demand.fps = std::isfinite(wanted_fps) ? std::clamp(wanted_fps, 0.0, kMaxFps) : 0;
    for (const auto& width : widths->get_array()) {
      if (!width.is_int64()) return bad("a width is not an integer");
      const auto known = {320, 640, 1280};
      if (std::find(known.begin(), known.end(), width.get_int64()) == known.end()) {
        return bad("a width is not 320, 640 or 1280");
      }
      demand.widths.push_back(static_cast<int>(width.get_int64()));
    }
    std::sort(demand.widths.begin(), demand.widths.end());
    demand.widths.erase(std::unique(demand.widths.begin(), demand.widths.end()),
                        demand.widths.end());
    if (demand.widths.size() > kMaxWidths) return bad("more than two widths");
    all.emplace(*id, std::move(demand));
  }
  return all;
}

bool FramePacer::take(SteadyTime now, double fps) {
  if (fps <= 0) return false;
  using std::chrono::duration;
  using std::chrono::duration_cast;
  const auto period = duration_cast<SteadyTime::duration>(duration<double>(1.0 / fps));
  // Frames do not arrive on the dot: one that is a little early counts, else a 30 fps camera
  // thinned to 30 fps would lose every frame that comes a millisecond early.
  const auto tolerance = period / 5;
  if (now + tolerance < next_) return false;
  // After a pause the rhythm starts anew instead of catching up.
  next_ = (now - next_ > period) ? now + period : next_ + period;
  return true;
}

}  // namespace surveillx::mediaserver
