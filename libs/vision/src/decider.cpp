#include "surveillx/vision/decider.hpp"

#include <algorithm>
#include <map>

namespace surveillx::vision {
namespace {

/// What the remembered faces say together.
struct Support {
  std::size_t faces = 0;
  float weight = 0;
  double distance = 0;  ///< Weighted sum.
  double confidence = 0;
  std::string name;

  void add(float w, const Match& match) {
    ++faces;
    weight += w;
    distance += static_cast<double>(w) * match.distance;
    confidence += w * match.confidence;
    name = match.name;
  }
};

}  // namespace

void Decider::observe(const Embedding& face, float weight, const Gallery& gallery) {
  if (weight <= 0 || face.values.empty()) return;
  faces_.push_back({face, weight, gallery.nearest(face)});
  if (faces_.size() > options_.window) faces_.pop_front();
  forget_replaced();
  decide(gallery);
}

bool Decider::against(const Face& face) const {
  if (decision_.status != domain::FaceStatus::known || !face.match) return true;
  if (face.match->accepted_live) return face.match->person_id != *decision_.person_id;
  return face.match->stranger;
}

bool Decider::contested() const {
  constexpr std::size_t kInARow = 3;
  return decision_.status == domain::FaceStatus::known && faces_.size() >= kInARow &&
         std::all_of(faces_.rbegin(), faces_.rbegin() + kInARow,
                     [this](const Face& face) { return against(face); });
}

void Decider::forget_replaced() {
  const auto count = static_cast<std::ptrdiff_t>(options_.replaced_after);
  if (decision_.status != domain::FaceStatus::known || std::ssize(faces_) < count) return;
  const auto first = faces_.end() - count;
  const bool replaced = std::all_of(first, faces_.end(), [&](const Face& face) {
    return face.match && face.match->accepted_live && against(face) &&
           face.match->person_id == faces_.back().match->person_id;
  });
  if (!replaced) return;
  faces_.erase(faces_.begin(), first);
  decision_ = {};
}

void Decider::reconsider(const Gallery& gallery) {
  for (Face& face : faces_) face.match = gallery.nearest(face.embedding);
  decide(gallery);
}

bool Decider::doubtful() const {
  if (faces_.empty()) return false;
  const std::optional<Match>& last = faces_.back().match;
  switch (decision_.status) {
    case domain::FaceStatus::known:
      return !last || !last->accepted_live || last->person_id != *decision_.person_id;
    case domain::FaceStatus::unknown:
      return last && last->accepted_live;
    case domain::FaceStatus::pending:
      break;
  }
  return false;
}

void Decider::decide(const Gallery& gallery) {
  float total = 0;
  std::map<PersonId, Support> people;
  Support stranger;
  for (const Face& face : faces_) {
    total += face.weight;
    // With nobody enrolled everybody is a stranger.
    if (!face.match) {
      Match nobody;
      nobody.confidence = 0;
      stranger.add(face.weight, nobody);
    } else if (face.match->accepted_live) {
      people[face.match->person_id].add(face.weight, *face.match);
    } else if (face.match->stranger) {
      stranger.add(face.weight, *face.match);
    }
  }
  const auto best = std::max_element(
      people.begin(), people.end(),
      [](const auto& a, const auto& b) { return a.second.weight < b.second.weight; });
  const auto say_known = [&](const PersonId& person, const Support& support) {
    decision_ = {domain::FaceStatus::known, person, support.name,
                 std::clamp(support.confidence / support.weight, 0.0, 1.0),
                 support.distance / support.weight};
  };

  const bool known_now = best != people.end() && best->second.faces >= options_.min_known &&
                         best->second.weight >= options_.min_known_weight &&
                         best->second.weight >= options_.known_share * total &&
                         best->second.distance <= options_.known_nearness *
                                                      gallery.live_threshold() *
                                                      static_cast<double>(best->second.weight);
  if (known_now) {
    say_known(best->first, best->second);
    return;
  }
  if (decision_.status == domain::FaceStatus::known) {
    // A hand before the face or a turned head must not take the name away; only faces that speak
    // against it do, and more of them than speak for it.
    const auto own = people.find(*decision_.person_id);
    const float pro = own == people.end() ? 0 : own->second.weight;
    float contra = stranger.weight;
    for (const auto& [person, support] : people) {
      if (person != *decision_.person_id) contra += support.weight;
    }
    const bool still_enrolled = gallery.name_of(*decision_.person_id) != nullptr;
    if (still_enrolled &&
        contra <= options_.contradiction * std::max(pro, options_.min_known_weight)) {
      if (own != people.end()) say_known(own->first, own->second);
      return;
    }
  }
  if (stranger.faces >= options_.min_unknown && stranger.weight >= options_.min_unknown_weight &&
      stranger.weight >= options_.unknown_share * total) {
    decision_ = {domain::FaceStatus::unknown, std::nullopt, "",
                 std::clamp(1 - stranger.confidence / stranger.weight, 0.0, 1.0),
                 stranger.distance / stranger.weight};
    return;
  }
  // An unknown face that has some faces for a person now waits for more of them as unknown.
  const bool keep_unknown = decision_.status == domain::FaceStatus::unknown &&
                            stranger.weight >= 0.5F * options_.unknown_share * total;
  if (!keep_unknown) decision_ = {};
}

}  // namespace surveillx::vision
