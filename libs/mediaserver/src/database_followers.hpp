#pragma once

#include <functional>
#include <memory>

#include "cameras_news.hpp"
#include "database_health.hpp"
#include "follower_watch.hpp"
#include "gallery_follower.hpp"
#include "photo_examiner.hpp"
#include "recognition_service.hpp"
#include "revision_follower.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// What media follows the database for: cameras and tokens, the gallery, and, with recognition,
/// photos that wait for a verdict. Two threads: revisions are followed on one, photos examined on the
/// other.
class DatabaseFollowers {
 public:
  struct Events {
    std::function<void(CamerasNews)> on_cameras;  ///< On the follower's thread.
    RevisionFollower::OnLook on_look{};
  };

  /// `recognition` may be null.
  DatabaseFollowers(store::Store& store, RecognitionService* recognition,
                    telemetry::Metrics& metrics, Events events,
                    const Clock& clock = system_clock());
  ~DatabaseFollowers();
  DatabaseFollowers(const DatabaseFollowers&) = delete;
  DatabaseFollowers& operator=(const DatabaseFollowers&) = delete;

  /// Reads everything once on the calling thread, so that the server starts with it.
  [[nodiscard]] Result<void> load_now();
  void start();
  /// Looks now instead of at the next half second. Any thread.
  void wake() { revisions_->wake(); }
  /// To be called every few seconds, by one thread: see FollowerWatch::look.
  [[nodiscard]] bool look_after() { return watch_.look(); }
  /// No event comes any more when this returns. A photo under way goes on, until `join`.
  void stop();
  /// Waits for the photo under way; after `stop`, and before the engine goes.
  void join();

 private:
  [[nodiscard]] Result<void> read_cameras();
  [[nodiscard]] Result<void> read_gallery();

  store::Store& store_;
  std::function<void(CamerasNews)> on_cameras_;
  DatabaseHealth health_;
  FollowerPulse revisions_pulse_;
  FollowerPulse photos_pulse_;
  FollowerWatch watch_;
  std::unique_ptr<GalleryFollower> gallery_;  ///< With recognition,
  std::unique_ptr<PhotoExaminer> photos_;     ///< as this one.
  std::unique_ptr<RevisionFollower> revisions_;
};

}  // namespace surveillx::mediaserver
