#include "recognition_service.hpp"

#include <atomic>
#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

recognition::Options recognition_options(const config::Config& config) {
  recognition::Options options;
  options.tracks.sighting_window = config.attendance.window;
  if (config.vision.max_fps > 0) {
    const auto shortest = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>(1.0 / config.vision.max_fps));
    options.busy_interval = std::max(options.busy_interval, shortest);
    options.decided_interval = std::max(options.decided_interval, shortest);
    options.search_interval = std::max(options.search_interval, shortest);
  }
  return options;
}

/// A camera's counters as metrics: recognition counts since its start, Prometheus wants sums over
/// sessions.
class CounterBridge {
 public:
  CounterBridge(telemetry::Metrics& metrics, const domain::Camera& camera) {
    const telemetry::Labels labels{{"camera", camera.name}};
    const auto counter = [&](const char* name, const char* help) {
      return metrics.counter(name, help, labels);
    };
    analysed_ = counter("recognition_frames_analysed_total", "Frames in which faces were looked for");
    dropped_ = counter("recognition_frames_dropped_total", "Frames replaced before they were looked at");
    found_ = counter("recognition_faces_found_total", "Faces found");
    refused_ = counter("recognition_faces_refused_total", "Faces too small, blurred or turned away");
    embedded_ = counter("recognition_faces_embedded_total", "Faces turned into vectors");
    known_ = counter("recognition_known_decisions_total", "Tracks decided to be a known person");
    unknown_ = counter("recognition_unknown_decisions_total", "Tracks decided to be nobody known");
    sightings_ = counter("recognition_sightings_total", "Sightings made");
  }

  void update(const recognition::Counters& now) {
    const auto step = [](const telemetry::Counter& counter, std::uint64_t before,
                         std::uint64_t after) {
      if (after > before) counter.add(static_cast<double>(after - before));
    };
    step(analysed_, seen_.frames_analysed, now.frames_analysed);
    step(dropped_, seen_.frames_dropped, now.frames_dropped);
    step(found_, seen_.faces_found, now.faces_found);
    step(refused_, seen_.faces_refused, now.faces_refused);
    step(embedded_, seen_.faces_embedded, now.faces_embedded);
    step(known_, seen_.known_decisions, now.known_decisions);
    step(unknown_, seen_.unknown_decisions, now.unknown_decisions);
    step(sightings_, seen_.sightings, now.sightings);
    seen_ = now;
  }

 private:
  recognition::Counters seen_;
  telemetry::Counter analysed_, dropped_, found_, refused_, embedded_, known_, unknown_, sightings_;
};

}  // namespace

class RecognitionService::Feed final : public CameraFeed,
                                       public std::enable_shared_from_this<Feed> {
 public:
  Feed(RecognitionService& service, domain::Camera camera)
      : service_(service), camera_(std::move(camera)), metrics_(service.metrics_, camera_) {}
  ~Feed() override { service_.forget(this); }

  void start(std::shared_ptr<const vision::Gallery> gallery) {
    recognition::CameraRecognizer::Callbacks callbacks;
    // Both run on the recognizer's thread, which is joined before this object goes.
    callbacks.on_detection = [this](const recognition::DetectionResult& result) {
      metrics_.update(recognizer_->counters());
      service_.on_detection_(
          {camera_.id, static_cast<std::int64_t>(result.seq), result.timestamp, result.faces});
    };
    callbacks.on_sighting = [this](const recognition::SightingCandidate& candidate) {
      log::info("recognition.sighting",
                {{"camera", camera_.id.str()},
                 {"person", candidate.sighting.person_id.str()},
                 {"kind", domain::to_string(candidate.sighting.kind)}});
      service_.recorder_.record(candidate.sighting, candidate.snapshot.view());
    };
    recognizer_ = std::make_unique<recognition::CameraRecognizer>(
        camera_.id, service_.engine_, std::move(gallery), std::move(callbacks), service_.options_);
  }

  void push(const frame::Frame& frame) override {
    if (!closed_.load(std::memory_order_relaxed)) recognizer_->offer(frame);
  }

  void set_gallery(std::shared_ptr<const vision::Gallery> gallery) {
    recognizer_->set_gallery(std::move(gallery));
  }

  void close() override {
    if (closed_.exchange(true)) return;
    const auto stop = [self = shared_from_this()] {
      self->recognizer_->stop();
      self->metrics_.update(self->recognizer_->counters());
    };
    // Joins a thread and fsyncs sightings: not on the loop, however full the pool is. When it has
    // stopped, the process ends.
    if (!service_.pool_.post_cleanup(stop)) stop();
  }

 private:
  RecognitionService& service_;
  domain::Camera camera_;
  CounterBridge metrics_;
  std::atomic<bool> closed_{false};
  std::unique_ptr<recognition::CameraRecognizer> recognizer_;
};

RecognitionService::RecognitionService(std::shared_ptr<vision::Engine> engine, WorkerPool& pool,
                                       SightingRecorder& recorder, telemetry::Metrics& metrics,
                                       const config::Config& config, OnDetection on_detection)
    : engine_(std::move(engine)),
      pool_(pool),
      recorder_(recorder),
      metrics_(metrics),
      options_(recognition_options(config)),
      on_detection_(std::move(on_detection)),
      gallery_(vision::Gallery::empty(engine_->matching())) {}

RecognitionService::~RecognitionService() = default;

std::shared_ptr<RecognitionService::CameraFeed> RecognitionService::open(
    const domain::Camera& camera) {
  auto feed = std::make_shared<Feed>(*this, camera);
  std::shared_ptr<const vision::Gallery> gallery;
  {
    const std::lock_guard lock(mutex_);
    gallery = gallery_;
  }
  feed->start(gallery);  // Not under the lock: should it throw, the feed's end takes the lock.
  {
    const std::lock_guard lock(mutex_);
    feeds_[feed.get()] = feed;
    if (gallery == gallery_) return feed;
    gallery = gallery_;
  }
  feed->set_gallery(std::move(gallery));
  return feed;
}

void RecognitionService::set_gallery(std::shared_ptr<const vision::Gallery> gallery) {
  // Feeds are told outside the lock: the last reference may go here, and `forget` takes the lock.
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    const std::lock_guard lock(mutex_);
    gallery_ = gallery;
    for (const auto& [key, weak] : feeds_) {
      if (auto feed = weak.lock()) feeds.push_back(std::move(feed));
    }
  }
  for (const auto& feed : feeds) feed->set_gallery(gallery);
}

std::size_t RecognitionService::running() const {
  const std::lock_guard lock(mutex_);
  return feeds_.size();
}

void RecognitionService::forget(const Feed* feed) {
  const std::lock_guard lock(mutex_);
  feeds_.erase(feed);
}

}  // namespace surveillx::mediaserver
