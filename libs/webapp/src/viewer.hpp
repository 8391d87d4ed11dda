#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/domain/viewer_scope.hpp"
#include "surveillx/socketio/event.hpp"

#include "watch.hpp"
#include "widths_seen.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace surveillx::webapp {

using ViewerId = std::uint64_t;

/// Where a viewer's events go: its socket, or a test.
class ViewerSink {
 public:
  virtual ~ViewerSink() = default;
  virtual void emit(const socketio::EncodedEventPtr& event) = 0;
  /// False when it replaced an event of the slot that was not sent yet.
  virtual bool emit_latest(std::string_view slot, const socketio::EncodedEventPtr& event) = 0;
  /// What waits in the slot is not sent any more.
  virtual void drop_latest(std::string_view slot) = 0;
};

/// One viewer: what it may see, what it watches of that, and when its next frame is due. Loop
/// thread.
class Viewer {
 public:
  Viewer(std::shared_ptr<ViewerSink> sink, domain::ViewerScope scope, SteadyTime now)
      : sink_(std::move(sink)), scope_(std::move(scope)), joined_(now) {}

  [[nodiscard]] ViewerSink& sink() const { return *sink_; }
  [[nodiscard]] const domain::ViewerScope& scope() const { return scope_; }
  void set_scope(domain::ViewerScope scope) { scope_ = std::move(scope); }

  [[nodiscard]] bool may_see(const domain::Camera& camera) const {
    return scope_.sees_camera(camera.group);
  }
  /// It watches the camera, and may.
  [[nodiscard]] bool watches(const domain::Camera& camera) const {
    return may_see(camera) && (all_ || cameras_.contains(camera.id));
  }
  /// False until its first `watch` or kGrace after it joined.
  [[nodiscard]] bool takes_frames() const { return mode_ != Mode::undecided; }
  /// It never watched: base64 of every camera.
  [[nodiscard]] bool is_original() const { return mode_ == Mode::original; }
  /// True when it becomes one now.
  bool grow_original(SteadyTime now);

  /// False: it has watched too often in this second.
  [[nodiscard]] bool may_watch(SteadyTime now);
  /// Takes the place of its earlier wish.
  void watch(const WatchPayload& wish);
  [[nodiscard]] double max_fps() const { return max_fps_; }
  [[nodiscard]] int max_width() const { return max_width_; }

  /// Whether this frame goes to it; then its next one is due later.
  [[nodiscard]] bool wants_frame(const domain::Camera& camera, const WidthsSeen& widths, int width,
                                 SteadyTime now);
  /// The camera is none of its any more, nor a picture in `slot` that was not sent yet: events
  /// overtake pictures, so that it would come after `removed`. A watch of it is kept: it may only
  /// have been missing for a while.
  void forget(const CameraId& camera, std::string_view slot) {
    due_.erase(camera);
    sink_->drop_latest(slot);
  }

  /// A viewer has this long to send its first `watch`.
  static constexpr std::chrono::milliseconds kGrace{500};
  static constexpr int kMaxWatchesPerSecond = 20;

 private:
  enum class Mode {
    undecided,  ///< Connected less than kGrace ago and has not watched: frames are held back.
    original,
    watching,
  };

  std::shared_ptr<ViewerSink> sink_;
  domain::ViewerScope scope_;
  SteadyTime joined_;
  Mode mode_ = Mode::undecided;
  bool all_ = true;
  std::unordered_set<CameraId> cameras_;  ///< When not all; also such as nobody knows yet.
  double max_fps_ = 15;
  int max_width_ = 640;
  std::unordered_map<CameraId, SteadyTime> due_;  ///< When the next frame of a camera may go.
  SteadyTime watch_window_{};
  int watches_ = 0;
};

}  // namespace surveillx::webapp
