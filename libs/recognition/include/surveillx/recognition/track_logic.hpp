#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/vision/decider.hpp"
#include "surveillx/vision/face.hpp"
#include "surveillx/vision/gallery.hpp"
#include "surveillx/vision/tracker.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace surveillx::recognition {

/// What one camera's faces amount to: which need a vector now, who they are, and when a sighting is
/// due. No thread, no engine, no pixels: time and faces come in, results go out. One frame is a
/// `begin`, one `observe` for each face that `begin` asked for, and a `finish`.
class TrackLogic {
 public:
  struct Options {
    vision::Tracker::Options tracker;
    vision::Decider::Options decider;
    /// A decided track makes another sighting after each of these (attendance.window).
    std::chrono::milliseconds sighting_window{60'000};
    /// How often a vector is made for a track that is already known or unknown.
    std::chrono::milliseconds recheck_known{2000};
    std::chrono::milliseconds recheck_unknown{1000};
    /// The same while another face touches this one: two who cross may swap their tracks.
    std::chrono::milliseconds recheck_crowded{500};
    /// Vectors a frame; who waited longest comes first, undecided tracks before decided ones.
    std::size_t max_embeddings = 3;
  };

  struct FrameInfo {
    std::uint64_t seq = 0;
    UnixMillis timestamp{};
    SteadyTime steady{};
    frame::Size size;
  };

  /// A sighting without an id and a camera, and where its face was.
  struct Due {
    std::int64_t track_id = 0;
    domain::SightingKind kind = domain::SightingKind::first;
    PersonId person_id;
    UnixMillis at{};
    double confidence = 0;
    double distance = 0;
    /// The face's place in the current frame, when it was seen in this one.
    std::optional<vision::PixelBox> box;
  };

  struct Counts {
    std::uint64_t known = 0;  ///< Tracks that became known (again, after a revision, counts again).
    std::uint64_t unknown = 0;  ///< Tracks that became unknown.
  };

  explicit TrackLogic(Options options, std::shared_ptr<const vision::Gallery> gallery);

  /// Gives each face its track. Answers the indexes of the faces that want a vector, most urgent
  /// first. Faces whose quality has an issue are followed but never asked for.
  [[nodiscard]] std::vector<std::size_t> begin(const FrameInfo& frame,
                                               std::vector<vision::FoundFace> faces);
  void observe(std::size_t face, const vision::Embedding& embedding);
  /// The frame's faces, for viewers. Sightings that became due are in `take_due`.
  [[nodiscard]] std::vector<domain::Face> finish();

  /// Judges all tracks again with this gallery. A person who is no longer in it is forgotten.
  void set_gallery(std::shared_ptr<const vision::Gallery> gallery);
  /// The scene has not moved since the last frame, so whoever was there still is.
  void still(const FrameInfo& frame);
  /// No frame came: ends what was not seen for too long.
  void expire(SteadyTime now);
  /// Ends every track.
  void close();

  [[nodiscard]] std::vector<Due> take_due();
  /// Tracks that ended since the last call.
  [[nodiscard]] std::vector<std::int64_t> take_ended();
  [[nodiscard]] std::size_t tracks() const { return tracks_.size(); }
  [[nodiscard]] bool any_pending() const;
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Track {
    explicit Track(const vision::Decider::Options& options) : decider(options) {}
    vision::Decider decider;
    vision::Decision said;  ///< The decision that sightings and counts already know of.
    std::optional<SteadyTime> embedded;
    bool suspect = false;  ///< May have gone over to another face since the last vector.
    SteadyTime last_sighting{};
    UnixMillis seen{};
    UnixMillis confirmed{};               ///< When the last face spoke for the name.
    std::optional<vision::PixelBox> box;  ///< In the current frame.
  };

  /// The face that is there now may not be the one that was named.
  [[nodiscard]] static bool uncertain(const Track& track) {
    return track.suspect || track.decider.doubtful();
  }
  /// Another face touches this one.
  [[nodiscard]] bool crowded(std::size_t face) const;
  void judge(std::int64_t id, Track& track);
  void end(std::int64_t id);
  void periodic();
  void add_due(std::int64_t id, const Track& track, domain::SightingKind kind, UnixMillis at);

  Options options_;
  std::shared_ptr<const vision::Gallery> gallery_;
  vision::Tracker tracker_;
  std::map<std::int64_t, Track> tracks_;
  FrameInfo frame_;
  std::vector<vision::FoundFace> faces_;
  std::vector<std::int64_t> face_tracks_;
  std::vector<Due> due_;
  std::vector<std::int64_t> ended_;
  Counts counts_;
};

}  // namespace surveillx::recognition
