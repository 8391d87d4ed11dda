#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "recognition_service.hpp"
#include "sighting_recorder.hpp"
#include "surveillx/enrolment/enroller.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/vision/enrolment.hpp"

namespace surveillx::mediaserver {

/// Looks at the database's revision twice a second on a thread of its own, and brings news: cameras
/// and tokens, the gallery, photos that wait for a verdict. Also lets the recorder try again.
class DatabaseWatcher {
 public:
  struct CamerasNews {
    std::vector<domain::Camera> cameras;
    std::unordered_map<CameraId, std::string> token_hashes;
    SteadyTime read_at{};  ///< Before reading began: what changed later may be missing here.
  };
  struct Events {
    std::function<void(CamerasNews)> on_cameras;  ///< On the watcher's thread.
    /// After each look, on the watcher's thread: what the database said, or nothing when it did not
    /// answer.
    std::function<void(const std::optional<store::Revisions>&)> on_look{};
  };

  /// `recognition` may be null.
  DatabaseWatcher(store::Store& store, RecognitionService* recognition, SightingRecorder& recorder,
                  telemetry::Metrics& metrics, Events events);
  ~DatabaseWatcher();

  /// Reads everything once on the calling thread, so that the server starts with it.
  [[nodiscard]] Result<void> load_now();
  void start();
  /// Looks now instead of at the next half second. Any thread.
  void wake();
  void stop();

 private:
  void run();
  /// One look; errors are logged once until it works again.
  void look();
  /// What throws (memory, a driver) is an error like others: the thread has to go on.
  [[nodiscard]] Result<void> look_safely();
  void tell_look(const std::optional<store::Revisions>& revisions);
  [[nodiscard]] Result<void> look_at(const store::Revisions& revisions);
  [[nodiscard]] Result<void> load_cameras();
  [[nodiscard]] Result<void> load_gallery();
  [[nodiscard]] Result<vision::Enrolment> examine(ByteView photo);
  /// Decides one waiting photo; false when there was none.
  [[nodiscard]] Result<bool> decide_photo();

  store::Store& store_;
  RecognitionService* recognition_;
  std::shared_ptr<enrolment::GalleryKeeper> keeper_;  ///< With recognition,
  std::optional<enrolment::Enroller> enroller_;       ///< as this one.
  std::shared_ptr<const vision::Gallery> gallery_;    ///< What recognition has.
  SightingRecorder& recorder_;
  Events events_;
  telemetry::Gauge people_;
  telemetry::Gauge database_up_;
  telemetry::Counter photos_decided_;
  std::string worker_;
  std::optional<store::Revisions> seen_;
  bool failing_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace surveillx::mediaserver
