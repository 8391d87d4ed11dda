#include "surveillx/camera/back_off.hpp"

#include <algorithm>

namespace surveillx::camera {

std::chrono::milliseconds BackOff::next() {
  const auto base = static_cast<double>(next_.count());
  next_ = std::min(next_ * 2, options_.longest);
  std::uniform_real_distribution<double> spread(1 - options_.jitter, 1 + options_.jitter);
  const double wait =
      std::min(base * spread(random_), static_cast<double>(options_.longest.count()));
  return std::chrono::milliseconds(static_cast<std::int64_t>(wait));
}

}  // namespace surveillx::camera
