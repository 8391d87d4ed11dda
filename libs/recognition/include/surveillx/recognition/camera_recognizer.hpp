#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/recognition/track_logic.hpp"
#include "surveillx/vision/engine.hpp"
#include "surveillx/vision/gallery.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace surveillx::recognition {

/// The faces of one analysed frame; holds until the next one or 1 s.
struct DetectionResult {
  CameraId camera_id;
  std::uint64_t seq = 0;
  UnixMillis timestamp{};
  std::vector<domain::Face> faces;
};

/// A sighting that is not durable yet, with a JPEG of the face.
struct SightingCandidate {
  domain::Sighting sighting;
  SharedBytes snapshot;  ///< Empty when no picture was at hand.
};

/// How much and how often one camera may be looked at.
struct Options {
  TrackLogic::Options tracks;
  /// Between two looks: with faces of which one is undecided, with decided faces, with motion but
  /// no face, with faces but no motion, with nothing at all.
  std::chrono::milliseconds busy_interval{125};
  std::chrono::milliseconds decided_interval{200};
  std::chrono::milliseconds search_interval{250};
  std::chrono::milliseconds still_interval{1000};
  std::chrono::milliseconds idle_interval{5000};
  /// At most this part of one core, whatever the intervals say: a slow engine looks less often.
  double max_load = 0.5;
};

/// Counted since the start; read at any time.
struct Counters {
  std::uint64_t frames_analysed = 0;
  std::uint64_t frames_dropped = 0;  ///< Replaced by a newer one, or not due.
  std::uint64_t faces_found = 0;
  std::uint64_t faces_refused = 0;  ///< Too small, blurred or turned away.
  std::uint64_t faces_embedded = 0;
  std::uint64_t known_decisions = 0;
  std::uint64_t unknown_decisions = 0;
  std::uint64_t sightings = 0;
};

/// One camera's loop on a thread of its own: takes the newest frame, skips what does not move,
/// finds, follows and names faces.
///
/// Threads: `offer`, `set_gallery` and `counters` from any thread, none of them waits for analysis.
/// The callbacks run on the camera's thread, one at a time; they must be quick and must not destroy
/// the recognizer. Lifetime: the engine is shared; `stop` (also by the destructor) ends the open
/// tracks, which delivers their last sightings, and then joins; no callback runs after it.
class CameraRecognizer {
 public:
  struct Callbacks {
    std::function<void(const DetectionResult&)> on_detection;
    std::function<void(SightingCandidate)> on_sighting;
  };

  CameraRecognizer(CameraId camera_id, std::shared_ptr<vision::Engine> engine,
                   std::shared_ptr<const vision::Gallery> gallery, Callbacks callbacks,
                   Options options = {}, const Clock& clock = system_clock());
  ~CameraRecognizer();
  CameraRecognizer(const CameraRecognizer&) = delete;
  CameraRecognizer& operator=(const CameraRecognizer&) = delete;

  /// Replaces a frame that nobody has looked at yet. Cheap enough for a streaming thread.
  void offer(frame::Frame frame);
  /// Faces in front of the camera are judged anew at once, without waiting for the next frame.
  void set_gallery(std::shared_ptr<const vision::Gallery> gallery);
  /// The camera's session ended: its tracks are closed with their last sightings. Frames of a next
  /// session may follow.
  void end_session();
  void stop();
  [[nodiscard]] Counters counters() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace surveillx::recognition
