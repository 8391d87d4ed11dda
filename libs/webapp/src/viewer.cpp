#include "viewer.hpp"

#include <utility>

namespace surveillx::webapp {

bool Viewer::grow_original(SteadyTime now) {
  if (mode_ != Mode::undecided || now - joined_ < kGrace) return false;
  mode_ = Mode::original;
  return true;
}

bool Viewer::may_watch(SteadyTime now) {
  if (now - watch_window_ >= std::chrono::seconds(1)) {
    watch_window_ = now;
    watches_ = 0;
  }
  return ++watches_ <= kMaxWatchesPerSecond;
}

void Viewer::watch(const WatchPayload& wish) {
  mode_ = Mode::watching;
  all_ = !wish.cameras.has_value();
  cameras_.clear();
  if (wish.cameras) {
    for (const auto& text : *wish.cameras) {
      // One that the database has got a moment ago may not be known here yet: the wish is kept for
      // when it is.
      if (const auto camera = CameraId::parse(text)) cameras_.insert(*camera);
    }
  }
  // A higher rate counts at once, not after the interval of the lower one.
  if (wish.max_fps > max_fps_) due_.clear();
  max_fps_ = wish.max_fps;
  max_width_ = wish.max_width;
}

bool Viewer::wants_frame(const domain::Camera& camera, const WidthsSeen& widths, int width,
                         SteadyTime now) {
  if (!takes_frames() || !watches(camera) || width > max_width_) return false;
  // A wider stream that the viewer may have is the better one: leave this to it.
  if (widths.has_wider(width, max_width_)) return false;
  const auto interval = std::chrono::duration_cast<SteadyTime::duration>(
      std::chrono::duration<double>(1.0 / max_fps_));
  auto& due = due_[camera.id];
  // Frames never arrive on the beat; one that is a little early is taken and the beat kept, so that
  // the mean rate stays below the wish. After a pause nothing is made up for.
  if (now + interval / 3 < due) return false;
  due = now - due > interval ? now + interval : due + interval;
  return true;
}

}  // namespace surveillx::webapp
