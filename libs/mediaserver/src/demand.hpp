#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <vector>

#include "surveillx/base/clock.hpp"
#include "surveillx/base/error.hpp"
#include "surveillx/domain/ids.hpp"

namespace surveillx::mediaserver {

inline constexpr ErrorName kBadDemand{"bad_demand"};

/// What viewers want of one camera. Default: nothing, so nothing is encoded.
struct Demand {
  double fps = 0;
  std::vector<int> widths;  ///< Rising; at most two.

  [[nodiscard]] bool wanted() const { return fps > 0 && !widths.empty(); }
  friend bool operator==(const Demand&, const Demand&) = default;
};

/// Parses the argument of `demand` (contracts/socketio.md). Values out of range are clamped; a wrong
/// shape is `bad_demand`.
[[nodiscard]] Result<std::map<CameraId, Demand>> parse_demand(const boost::json::value& argument);

/// Thins a camera's frames to a rate, evenly. Pure; one thread at a time.
class FramePacer {
 public:
  /// True when the frame of this moment should be taken to keep `fps` frames a second.
  [[nodiscard]] bool take(SteadyTime now, double fps);

 private:
  SteadyTime next_{};
};

}  // namespace surveillx::mediaserver
