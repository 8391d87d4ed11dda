#include "surveillx/vision/tracker.hpp"

#include <algorithm>
#include <cmath>

namespace surveillx::vision {
namespace {

float seconds(SteadyTime::duration d) { return std::chrono::duration<float>(d).count(); }

/// How well a box continues a track: overlap with the predicted box, or a smaller number for one
/// that is near and about as large. Nothing when it does not.
struct Pair {
  float fit = 0;
  std::size_t track = 0;
  std::size_t box = 0;
};

}  // namespace

Tracker::Update Tracker::update(const std::vector<PixelBox>& boxes, SteadyTime now) {
  Update result;
  updated_ = now;
  result.ids.assign(boxes.size(), 0);

  std::vector<Pair> pairs;
  for (std::size_t t = 0; t < tracks_.size(); ++t) {
    const Track& track = tracks_[t];
    const float dt = seconds(now - track.seen);
    // Beyond half a second the last speed says little about where a person is.
    const float ahead = std::min(dt, 0.5F);
    PixelBox predicted = track.box;
    predicted.x += track.dx * ahead;
    predicted.y += track.dy * ahead;
    for (std::size_t b = 0; b < boxes.size(); ++b) {
      const float over = std::max(overlap(predicted, boxes[b]), overlap(track.box, boxes[b]));
      if (over >= options_.min_overlap) {
        pairs.push_back({1 + over, t, b});
        continue;
      }
      const float size = std::max(1.0F, track.box.w);
      const float ratio = boxes[b].w / size;
      const Point from = predicted.centre();
      const Point to = boxes[b].centre();
      const float jump = std::hypot(to.x - from.x, to.y - from.y) / size;
      if (ratio > 0.6F && ratio < 1.7F && jump < options_.max_jump) {
        pairs.push_back({1 - jump / options_.max_jump, t, b});
      }
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.fit > b.fit; });

  std::vector<bool> taken(tracks_.size(), false);
  for (const Pair& pair : pairs) {
    if (taken[pair.track] || result.ids[pair.box] != 0) continue;
    taken[pair.track] = true;
    Track& track = tracks_[pair.track];
    const PixelBox& box = boxes[pair.box];
    const float dt = seconds(now - track.seen);
    if (dt > 0.01F) {
      const Point from = track.box.centre();
      const Point to = box.centre();
      // Half of the new speed: detectors tremble by some pixels.
      track.dx = 0.5F * track.dx + 0.5F * (to.x - from.x) / dt;
      track.dy = 0.5F * track.dy + 0.5F * (to.y - from.y) / dt;
    }
    track.box = box;
    track.seen = now;
    track.alive = now;
    result.ids[pair.box] = track.id;
  }
  result.ended = expire(now);
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    if (result.ids[b] != 0) continue;
    result.ids[b] = next_id_;
    tracks_.push_back({next_id_++, boxes[b], 0, 0, now, now});
  }
  return result;
}

std::vector<std::int64_t> Tracker::expire(SteadyTime now) {
  std::vector<std::int64_t> ended;
  std::erase_if(tracks_, [&](const Track& track) {
    const bool over = now - track.alive > options_.max_gap;
    if (over) ended.push_back(track.id);
    return over;
  });
  return ended;
}

void Tracker::touch(SteadyTime now) {
  for (Track& track : tracks_) {
    if (track.seen == updated_) track.alive = std::max(track.alive, now);
  }
}

}  // namespace surveillx::vision
