#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "sighting_recorder.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/recognition/camera_recognizer.hpp"
#include "surveillx/vision/engine.hpp"
#include "surveillx/vision/gallery.hpp"

namespace surveillx::mediaserver {

/// Recognition of every camera: one engine and one gallery for all, a recognizer for each session.
/// Thread-safe.
class RecognitionService {
 public:
  /// One media session's way into recognition.
  class CameraFeed {
   public:
    virtual ~CameraFeed() = default;
    /// Streaming thread; ignored after `close`.
    virtual void push(const frame::Frame& frame) = 0;
    /// Ends the session's tracks on the pool, which records their last sightings. Repeatable.
    virtual void close() = 0;
  };
  /// On a recognition thread.
  using OnDetection = std::function<void(live::Detection)>;

  RecognitionService(std::shared_ptr<vision::Engine> engine, WorkerPool& pool,
                     SightingRecorder& recorder, telemetry::Metrics& metrics,
                     const config::Config& config, OnDetection on_detection);
  /// Every feed must have been closed, and the pool have run its jobs.
  ~RecognitionService();

  /// Throws std::system_error when the machine gives no further thread.
  [[nodiscard]] std::shared_ptr<CameraFeed> open(const domain::Camera& camera);
  /// From now on everybody is compared with these; faces in view are judged again.
  void set_gallery(std::shared_ptr<const vision::Gallery> gallery);
  [[nodiscard]] vision::Engine& engine() { return *engine_; }
  /// Feeds whose recognizer still runs.
  [[nodiscard]] std::size_t running() const;

 private:
  class Feed;
  friend class Feed;
  void forget(const Feed* feed);

  std::shared_ptr<vision::Engine> engine_;
  WorkerPool& pool_;
  SightingRecorder& recorder_;
  telemetry::Metrics& metrics_;
  recognition::Options options_;
  OnDetection on_detection_;
  mutable std::mutex mutex_;
  std::shared_ptr<const vision::Gallery> gallery_;
  std::map<const Feed*, std::weak_ptr<Feed>> feeds_;
};

}  // namespace surveillx::mediaserver
