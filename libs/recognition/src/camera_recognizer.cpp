#include "surveillx/recognition/camera_recognizer.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/frame/latest_slot.hpp"
#include "surveillx/vision/image.hpp"

#include "motion_gate.hpp"

#include <pthread.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace surveillx::recognition {
namespace {

using std::chrono::milliseconds;

/// How long the thread sleeps at most: so soon after the last frame it sees that tracks are over.
constexpr milliseconds kTick{250};
/// Motion is looked at this often; the gate costs microseconds.
constexpr milliseconds kMotionInterval{60};
/// After motion, the scene counts as moving for so long: a face that just arrived stands still.
constexpr milliseconds kMotionHold{1500};
constexpr double kSnapshotMargin = 0.35;
constexpr int kSnapshotSide = 320;

}  // namespace

class CameraRecognizer::Loop {
 public:
  Loop(CameraId camera_id, std::shared_ptr<vision::Engine> engine,
       std::shared_ptr<const vision::Gallery> gallery, Callbacks callbacks, Options options,
       const Clock& clock)
      : camera_id_(std::move(camera_id)),
        engine_(std::move(engine)),
        callbacks_(std::move(callbacks)),
        options_(options),
        clock_(clock),
        logic_(options.tracks, gallery),
        current_(gallery),
        gallery_(std::move(gallery)),
        thread_([this] { run(); }) {}

  ~Loop() { stop(); }

  void offer(frame::Frame frame) { slot_.put(std::move(frame)); }

  void set_gallery(std::shared_ptr<const vision::Gallery> gallery) {
    {
      const std::lock_guard lock(mutex_);
      gallery_ = std::move(gallery);
    }
    gallery_changed_ = true;
  }

  void end_session() { session_ended_ = true; }

  void stop() {
    const std::lock_guard lock(stop_mutex_);
    slot_.close();
    if (thread_.joinable()) thread_.join();
  }

  Counters counters() const {
    Counters c;
    c.frames_analysed = analysed_;
    c.frames_dropped = slot_.dropped() + skipped_;
    c.faces_found = found_;
    c.faces_refused = refused_;
    c.faces_embedded = embedded_;
    c.known_decisions = known_;
    c.unknown_decisions = unknown_;
    c.sightings = sightings_;
    return c;
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "recognise");
    while (!slot_.closed()) {
      const auto frame = slot_.take(kTick);
      try {
        if (session_ended_.exchange(false)) end_tracks();
        if (gallery_changed_.exchange(false)) take_gallery();
        if (frame && frame->picture) {
          consider(*frame);
        } else if (!slot_.closed()) {
          logic_.expire(clock_.steady());
          deliver(nullptr);
        }
      } catch (const std::exception& e) {
        // An image library's exception costs one frame, not the camera. Logged once a minute: it
        // may well come with each frame.
        const SteadyTime now = clock_.steady();
        if (!complained_ || now - *complained_ > std::chrono::minutes(1)) {
          complained_ = now;
          log::error("recognition.frame_failed",
                     {{"camera", camera_id_.str()}, {"reason", e.what()}});
        }
      }
    }
    try {
      end_tracks();
    } catch (const std::exception& e) {
      log::error("recognition.end_failed", {{"camera", camera_id_.str()}, {"reason", e.what()}});
    }
  }

  void take_gallery() {
    {
      const std::lock_guard lock(mutex_);
      current_ = gallery_;
    }
    logic_.set_gallery(current_);
    // Who became known by it is announced with the next frame, which is looked at without delay.
    next_look_ = SteadyTime::min();
    deliver(nullptr);
  }

  void end_tracks() {
    logic_.close();
    deliver(nullptr);
    snapshots_.clear();
    gate_.reset();
    next_look_ = SteadyTime::min();
    next_motion_ = SteadyTime::min();
  }

  void consider(const frame::Frame& frame) {
    const SteadyTime now = frame.received_at;
    if (now < next_motion_) {
      ++skipped_;
      return;
    }
    next_motion_ = now + kMotionInterval;
    if (gate_.moved(*frame.picture)) moved_at_ = now;
    const bool moving = moved_at_ && now - *moved_at_ < kMotionHold;
    const bool faces = logic_.tracks() > 0;
    if (!moving && faces) logic_.still(info(frame));
    milliseconds interval = options_.idle_interval;
    if (moving) {
      interval = faces ? (logic_.any_pending() ? options_.busy_interval : options_.decided_interval)
                       : options_.search_interval;
    } else if (faces) {
      interval = logic_.any_pending() ? options_.decided_interval : options_.still_interval;
    }
    if (next_look_ != SteadyTime::min() && now < last_look_ + interval) {
      ++skipped_;
      deliver(nullptr);
      return;
    }
    if (now < next_look_) {
      ++skipped_;
      return;
    }
    const SteadyTime started = clock_.steady();
    analyse(frame);
    const auto spent = clock_.steady() - started;
    last_look_ = now;
    next_look_ = now + std::chrono::duration_cast<SteadyTime::duration>(
                           spent / std::clamp(options_.max_load, 0.01, 1.0));
  }

  TrackLogic::FrameInfo info(const frame::Frame& frame) const {
    return {frame.seq, frame.timestamp, frame.received_at, frame.picture->size()};
  }

  void analyse(const frame::Frame& frame) {
    ++analysed_;
    const vision::Image image = vision::Image::from_picture(*frame.picture);
    std::vector<vision::FoundFace> faces = engine_->find_faces(image, vision::Effort::live);
    found_ += faces.size();
    for (const vision::FoundFace& face : faces) refused_ += face.quality.usable() ? 0 : 1;
    const std::vector<vision::FoundFace> kept = faces;
    for (const std::size_t wanted : logic_.begin(info(frame), std::move(faces))) {
      const vision::Embedding embedding = engine_->embed(image, kept[wanted].detection);
      ++embedded_;
      logic_.observe(wanted, embedding);
    }
    DetectionResult result{camera_id_, frame.seq, frame.timestamp, logic_.finish()};
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (!kept[i].quality.usable()) continue;
      snapshots_[result.faces[i].track_id] =
          image.crop(kept[i].detection.box, kSnapshotMargin, kSnapshotSide);
    }
    deliver(&image);
    if (callbacks_.on_detection) callbacks_.on_detection(result);
  }

  void deliver(const vision::Image* image) {
    for (const TrackLogic::Due& due : logic_.take_due()) {
      SightingCandidate candidate;
      candidate.sighting = {
          SightingId::random(), due.person_id, camera_id_,           due.at, due.kind,
          due.confidence,       due.distance,  engine_->info().model};
      candidate.snapshot = snapshot(due, image);
      ++sightings_;
      if (callbacks_.on_sighting) callbacks_.on_sighting(std::move(candidate));
    }
    for (const std::int64_t id : logic_.take_ended()) snapshots_.erase(id);
    known_ = logic_.counts().known;
    unknown_ = logic_.counts().unknown;
  }

  /// Empty when there is no picture or an image library fails: the sighting counts without it.
  SharedBytes snapshot(const TrackLogic::Due& due, const vision::Image* image) const {
    try {
      vision::Image face;
      if (image != nullptr && due.box) {
        face = image->crop(*due.box, kSnapshotMargin, kSnapshotSide);
      } else if (const auto kept = snapshots_.find(due.track_id); kept != snapshots_.end()) {
        face = kept->second;
      }
      if (auto jpeg = face.to_jpeg()) return SharedBytes(*std::move(jpeg));
    } catch (const std::exception& e) {
      log::warn("recognition.no_snapshot", {{"camera", camera_id_.str()}, {"reason", e.what()}});
    }
    return {};
  }

  const CameraId camera_id_;
  const std::shared_ptr<vision::Engine> engine_;
  const Callbacks callbacks_;
  const Options options_;
  const Clock& clock_;

  // The camera's thread only.
  TrackLogic logic_;
  MotionGate gate_;
  std::shared_ptr<const vision::Gallery> current_;
  std::map<std::int64_t, vision::Image> snapshots_;
  std::optional<SteadyTime> moved_at_;
  std::optional<SteadyTime> complained_;
  SteadyTime last_look_ = SteadyTime::min();
  SteadyTime next_look_ = SteadyTime::min();
  SteadyTime next_motion_ = SteadyTime::min();

  std::mutex mutex_;
  std::shared_ptr<const vision::Gallery> gallery_;  ///< Guarded by mutex_.
  std::atomic<bool> gallery_changed_{false};
  std::atomic<bool> session_ended_{false};
  std::atomic<std::uint64_t> analysed_{0};
  std::atomic<std::uint64_t> skipped_{0};
  std::atomic<std::uint64_t> found_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> embedded_{0};
  std::atomic<std::uint64_t> known_{0};
  std::atomic<std::uint64_t> unknown_{0};
  std::atomic<std::uint64_t> sightings_{0};
  frame::LatestSlot<frame::Frame> slot_;
  std::mutex stop_mutex_;
  std::thread thread_;  ///< Last: it uses all of the above.
};

CameraRecognizer::CameraRecognizer(CameraId camera_id, std::shared_ptr<vision::Engine> engine,
                                   std::shared_ptr<const vision::Gallery> gallery,
                                   Callbacks callbacks, Options options, const Clock& clock)
    : loop_(std::make_unique<Loop>(std::move(camera_id), std::move(engine), std::move(gallery),
                                   std::move(callbacks), options, clock)) {}
CameraRecognizer::~CameraRecognizer() = default;

void CameraRecognizer::offer(frame::Frame frame) { loop_->offer(std::move(frame)); }
void CameraRecognizer::set_gallery(std::shared_ptr<const vision::Gallery> gallery) {
  loop_->set_gallery(std::move(gallery));
}
void CameraRecognizer::end_session() { loop_->end_session(); }
void CameraRecognizer::stop() { loop_->stop(); }
Counters CameraRecognizer::counters() const { return loop_->counters(); }

}  // namespace surveillx::recognition
