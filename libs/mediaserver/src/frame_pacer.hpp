#pragma once

#include "surveillx/base/clock.hpp"

namespace surveillx::mediaserver {

/// Thins a camera's frames to a rate, evenly. Pure; one thread at a time.
class FramePacer {
 public:
  /// True when the frame of this moment should be taken to keep `fps` frames a second.
  [[nodiscard]] bool take(SteadyTime now, double fps);

 private:
  SteadyTime next_{};
};

}  // namespace surveillx::mediaserver
