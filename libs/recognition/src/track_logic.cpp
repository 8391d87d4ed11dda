#include "surveillx/recognition/track_logic.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

namespace surveillx::recognition {
using domain::FaceStatus;

TrackLogic::TrackLogic(Options options, std::shared_ptr<const vision::Gallery> gallery)
    : options_(options), gallery_(std::move(gallery)), tracker_(options.tracker) {}

std::vector<std::size_t> TrackLogic::begin(const FrameInfo& frame,
                                           std::vector<vision::FoundFace> faces) {
  frame_ = frame;
  faces_ = std::move(faces);
  std::vector<vision::PixelBox> boxes;
  for (const vision::FoundFace& face : faces_) boxes.push_back(face.detection.box);
  vision::Tracker::Update update = tracker_.update(boxes, frame.steady);
  for (const std::int64_t id : update.ended) end(id);
  face_tracks_ = std::move(update.ids);

  std::set<std::int64_t> before;  // Those that the last look showed.
  for (auto& [id, track] : tracks_) {
    if (track.box) before.insert(id);
    track.box.reset();
  }
  struct Wish {
    bool decided;
    SteadyTime embedded;
    std::size_t face;
  };
  std::vector<Wish> wishes;
  for (std::size_t i = 0; i < faces_.size(); ++i) {
    Track& track = tracks_.try_emplace(face_tracks_[i], options_.decider).first->second;
    // Where a track may have gone over to another person, the name is checked at once: the face
    // was away for a moment, or another one is so near that the two may have been swapped.
    if (!before.contains(face_tracks_[i])) track.suspect = true;
    if (track.embedded && frame.steady - *track.embedded >= options_.recheck_crowded &&
        crowded(i)) {
      track.suspect = true;
    }
    track.seen = frame.timestamp;
    track.box = faces_[i].detection.box;
    if (!faces_[i].quality.usable()) continue;
    const FaceStatus status = track.decider.decision().status;
    const bool settled =
        status != FaceStatus::pending && !track.decider.doubtful() && !track.suspect;
    const auto pause =
        status == FaceStatus::known ? options_.recheck_known : options_.recheck_unknown;
    if (settled && track.embedded && frame.steady - *track.embedded < pause) continue;
    wishes.push_back({settled, track.embedded.value_or(SteadyTime::min()), i});
  }
  std::sort(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) {
    return std::tie(a.decided, a.embedded, a.face) < std::tie(b.decided, b.embedded, b.face);
  });
  std::vector<std::size_t> wanted;
  for (const Wish& wish : wishes) {
    if (wanted.size() == options_.max_embeddings) break;
    wanted.push_back(wish.face);
  }
  return wanted;
}

void TrackLogic::observe(std::size_t face, const vision::Embedding& embedding) {
  const std::int64_t id = face_tracks_.at(face);
  Track& track = tracks_.at(id);
  track.embedded = frame_.steady;
  track.suspect = false;
  track.decider.observe(embedding, faces_.at(face).quality.weight, *gallery_);
  judge(id, track);
}

bool TrackLogic::crowded(std::size_t face) const {
  const vision::PixelBox& box = faces_[face].detection.box;
  const vision::Point here = box.centre();
  return std::any_of(faces_.begin(), faces_.end(), [&](const vision::FoundFace& other) {
    if (&other == &faces_[face]) return false;
    const vision::Point there = other.detection.box.centre();
    return std::hypot(there.x - here.x, there.y - here.y) < (box.w + other.detection.box.w) / 2;
  });
}

std::vector<domain::Face> TrackLogic::finish() {
  periodic();
  std::vector<domain::Face> seen;
  for (std::size_t i = 0; i < faces_.size(); ++i) {
    const Track& track = tracks_.at(face_tracks_[i]);
    const vision::Decision& decision = track.decider.decision();
    domain::Face face;
    face.track_id = face_tracks_[i];
    face.box = vision::to_unit_box(faces_[i].detection.box, frame_.size);
    if (track.decider.contested()) {
      seen.push_back(std::move(face));  // Pending: somebody else may stand there.
      continue;
    }
    face.status = decision.status;
    face.person_id = decision.person_id;
    face.name = decision.name;
    face.confidence = decision.confidence;
    seen.push_back(std::move(face));
  }
  return seen;
}

void TrackLogic::set_gallery(std::shared_ptr<const vision::Gallery> gallery) {
  gallery_ = std::move(gallery);
  for (auto& [id, track] : tracks_) {
    track.decider.reconsider(*gallery_);
    judge(id, track);
  }
}

void TrackLogic::still(const FrameInfo& frame) {
  frame_ = frame;
  tracker_.touch(frame.steady);
  for (auto& [id, track] : tracks_) {
    // Only who was in the last picture that was looked at is known to be there.
    if (track.box) track.seen = frame.timestamp;
  }
  periodic();
}

void TrackLogic::expire(SteadyTime now) {
  for (const std::int64_t id : tracker_.expire(now)) end(id);
}

void TrackLogic::close() {
  std::vector<std::int64_t> open;
  for (const auto& [id, track] : tracks_) open.push_back(id);
  for (const std::int64_t id : open) end(id);
  tracker_ = vision::Tracker(options_.tracker, tracker_.next_id());
  faces_.clear();
  face_tracks_.clear();
}

std::vector<TrackLogic::Due> TrackLogic::take_due() { return std::exchange(due_, {}); }

std::vector<std::int64_t> TrackLogic::take_ended() { return std::exchange(ended_, {}); }

bool TrackLogic::any_pending() const {
  return std::any_of(tracks_.begin(), tracks_.end(), [](const auto& entry) {
    const vision::Decider& decider = entry.second.decider;
    return entry.second.box &&
           (decider.decision().status == FaceStatus::pending || decider.doubtful());
  });
}

void TrackLogic::judge(std::int64_t id, Track& track) {
  const vision::Decision& now = track.decider.decision();
  const bool changed = now.status != track.said.status || now.person_id != track.said.person_id;
  const bool was_known = track.said.status == FaceStatus::known;
  // A name that falls says that it was last seen while it still held, unless that person was
  // removed.
  if (changed && was_known && gallery_->name_of(*track.said.person_id) != nullptr) {
    add_due(id, track, domain::SightingKind::last, track.confirmed);
  }
  track.said = now;
  if (now.status == FaceStatus::known && (changed || !uncertain(track))) {
    track.confirmed = track.seen;
  }
  if (!changed) return;
  if (now.status == FaceStatus::known) {
    ++counts_.known;
    add_due(id, track, domain::SightingKind::first, track.seen);
    track.last_sighting = frame_.steady;
  } else if (now.status == FaceStatus::unknown) {
    ++counts_.unknown;
  }
}

void TrackLogic::periodic() {
  for (auto& [id, track] : tracks_) {
    if (track.said.status != FaceStatus::known || !track.box || uncertain(track)) continue;
    if (frame_.steady - track.last_sighting < options_.sighting_window) continue;
    add_due(id, track, domain::SightingKind::periodic, track.seen);
    track.last_sighting = frame_.steady;
  }
}

void TrackLogic::end(std::int64_t id) {
  const auto found = tracks_.find(id);
  if (found == tracks_.end()) return;
  Track& track = found->second;
  if (track.said.status == FaceStatus::known) {
    track.box.reset();
    add_due(id, track, domain::SightingKind::last, uncertain(track) ? track.confirmed : track.seen);
  }
  tracks_.erase(found);
  ended_.push_back(id);
}

void TrackLogic::add_due(std::int64_t id, const Track& track, domain::SightingKind kind,
                         UnixMillis at) {
  due_.push_back({id, kind, *track.said.person_id, at, track.said.confidence, track.said.distance,
                  kind == domain::SightingKind::last ? std::nullopt : track.box});
}

}  // namespace surveillx::recognition
