#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "database_health.hpp"
#include "follower_pulse.hpp"
#include "surveillx/enrolment/enroller.hpp"
#include "surveillx/enrolment/gallery_keeper.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"
#include "surveillx/vision/engine.hpp"
#include "surveillx/vision/enrolment.hpp"

namespace surveillx::mediaserver {

/// Claims uploaded photos and stores the verdict on each. On a thread of its own: one photo may take
/// seconds, which nothing else has to wait for.
class PhotoExaminer {
 public:
  /// `on_decided` is called on the examiner's thread when photos were decided and no other waits.
  /// `pulse` shows when it last asked for a photo.
  PhotoExaminer(store::Store& store, vision::Engine& engine,
                std::shared_ptr<enrolment::GalleryKeeper> keeper, DatabaseHealth& health,
                FollowerPulse& pulse, telemetry::Counter decided, std::function<void()> on_decided);
  ~PhotoExaminer();

  /// Has photos examined again that the engine's model has not; before `start`.
  [[nodiscard]] Result<void> requeue();
  void start();
  /// Asks now instead of at the next half second. Any thread.
  void wake();
  /// A photo under way gets its verdict still, no other is begun. Any thread.
  void stop_soon();
  /// The same, and waits for it.
  void stop();

 private:
  void run();
  [[nodiscard]] Result<bool> decide_safely();
  /// Decides one waiting photo; false when there was none.
  [[nodiscard]] Result<bool> decide_one();
  [[nodiscard]] Result<vision::Enrolment> examine(ByteView photo);

  store::Store& store_;
  vision::Engine& engine_;
  enrolment::Enroller enroller_;
  DatabaseHealth& health_;
  FollowerPulse& pulse_;
  telemetry::Counter decided_;
  std::function<void()> on_decided_;
  std::string worker_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace surveillx::mediaserver
