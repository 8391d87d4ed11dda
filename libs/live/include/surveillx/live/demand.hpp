#pragma once

#include "surveillx/domain/ids.hpp"
#include "surveillx/live/event.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace surveillx::live {

/// The widths pictures are sent in.
inline constexpr std::array<int, 3> kWidths{320, 640, 1280};
/// The one of them that a picture or a wish belongs to: the smallest that is not smaller, at most the
/// largest.
[[nodiscard]] int width_class(std::int64_t width);

/// What viewers want of one camera. Default: nothing, so nothing is encoded.
struct CameraDemand {
  double fps = 0;           ///< At most 60.
  std::vector<int> widths;  ///< Rising. Web's are at most two of `kWidths`.

  [[nodiscard]] bool wanted() const { return fps > 0 && !widths.empty(); }
  friend bool operator==(const CameraDemand&, const CameraDemand&) = default;
};

/// The complete demand: a camera that it does not name is not watched by anybody.
struct Demand {
  static constexpr std::string_view kEvent = "demand";

  std::map<CameraId, CameraDemand> cameras;

  [[nodiscard]] boost::json::object to_json() const;
  /// Rates out of range are clamped.
  [[nodiscard]] static Result<Demand> from_json(const boost::json::object& object);
  friend bool operator==(const Demand&, const Demand&) = default;
};

}  // namespace surveillx::live
