#include "frame_pacer.hpp"

namespace surveillx::mediaserver {

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
