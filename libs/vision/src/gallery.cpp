#include "surveillx/vision/gallery.hpp"

#include "distance.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace surveillx::vision {
namespace {

constexpr std::size_t kRowFloats = 8;  ///< Rows are padded with zeros, which add no distance.

/// What is compared is the squared distance for L2: the square root of the winners is enough.
float finished(Metric metric, float raw) { return metric == Metric::l2 ? std::sqrt(raw) : raw; }

/// 0.5 at the threshold, 0.98 at 60 % of it: steep enough to tell a clear match from a doubtful
/// one.
double confidence_of(float distance, float threshold) {
  if (threshold <= 0) return 0;
  const double excess = (static_cast<double>(distance) - threshold) / (0.1 * threshold);
  return 1 / (1 + std::exp(excess));
}

}  // namespace

std::shared_ptr<const Gallery> Gallery::build(std::vector<Entry> entries,
                                              const Matching& matching) {
  std::shared_ptr<Gallery> gallery(new Gallery());
  gallery->matching_ = matching;
  const auto dimension = static_cast<std::size_t>(std::max(0, matching.dimension));
  gallery->stride_ = (dimension + kRowFloats - 1) / kRowFloats * kRowFloats;
  std::unordered_map<PersonId, std::uint32_t> index;
  gallery->rows_.reserve(entries.size() * gallery->stride_);
  for (Entry& entry : entries) {
    if (entry.embedding.model_id != matching.model_id ||
        entry.embedding.values.size() != dimension) {
      ++gallery->skipped_;
      continue;
    }
    const auto next = static_cast<std::uint32_t>(gallery->people_.size());
    const auto [at, added] = index.emplace(entry.person_id, next);
    if (added) gallery->people_.push_back({entry.person_id, std::move(entry.name)});
    gallery->owners_.push_back(at->second);
    std::vector<float>& row = entry.embedding.values;
    if (matching.metric == Metric::cosine) normalise(row);
    gallery->rows_.insert(gallery->rows_.end(), row.begin(), row.end());
    gallery->rows_.resize(gallery->owners_.size() * gallery->stride_, 0.0F);
  }
  const auto vectors = static_cast<float>(std::max<std::size_t>(1, gallery->owners_.size()));
  gallery->threshold_ = std::clamp(
      matching.threshold - matching.tighten * std::log10(vectors / matching.tighten_from),
      matching.min_threshold, std::max(matching.min_threshold, matching.max_threshold));
  gallery->live_threshold_ = std::min(gallery->threshold_, matching.live_threshold);
  return gallery;
}

std::optional<Match> Gallery::nearest(const Embedding& face) const {
  if (owners_.empty() || face.model_id != matching_.model_id ||
      face.values.size() != static_cast<std::size_t>(matching_.dimension)) {
    return std::nullopt;
  }
  std::vector<float> query = face.values;
  if (matching_.metric == Metric::cosine) normalise(query);
  query.resize(stride_, 0.0F);

  constexpr float kFar = std::numeric_limits<float>::infinity();
  float best = kFar;
  float second = kFar;
  std::uint32_t person = 0;
  for (std::size_t row = 0; row < owners_.size(); ++row) {
    const float d =
        raw_distance(matching_.metric, query.data(), rows_.data() + row * stride_, stride_);
    if (d >= second) continue;
    if (owners_[row] == person && best != kFar) {
      best = std::min(best, d);
    } else if (d < best) {
      second = best;
      best = d;
      person = owners_[row];
    } else {
      second = d;
    }
  }
  Match match;
  match.person_id = people_[person].id;
  match.name = people_[person].name;
  match.distance = finished(matching_.metric, best);
  match.second = finished(matching_.metric, second);
  const bool clear = match.second - match.distance >= matching_.margin;
  match.accepted = clear && match.distance < threshold_;
  match.accepted_live = clear && match.distance < live_threshold_;
  match.stranger = match.distance > live_threshold_ + matching_.stranger_gap;
  match.confidence = confidence_of(match.distance, threshold_);
  return match;
}

Neighbours Gallery::neighbours(const Embedding& face, const std::optional<PersonId>& person) const {
  Neighbours found;
  if (face.model_id != matching_.model_id ||
      face.values.size() != static_cast<std::size_t>(matching_.dimension)) {
    return found;
  }
  std::vector<float> query = face.values;
  if (matching_.metric == Metric::cosine) normalise(query);
  query.resize(stride_, 0.0F);
  const Person* other = nullptr;
  for (std::size_t row = 0; row < owners_.size(); ++row) {
    const float d =
        raw_distance(matching_.metric, query.data(), rows_.data() + row * stride_, stride_);
    const Person& owner = people_[owners_[row]];
    if (person && owner.id == *person) {
      found.own = std::min(found.own, d);
    } else if (d < found.other) {
      found.other = d;
      other = &owner;
    }
  }
  found.own = finished(matching_.metric, found.own);
  found.other = finished(matching_.metric, found.other);
  if (other != nullptr) {
    found.other_id = other->id;
    found.other_name = other->name;
  }
  return found;
}

const std::string* Gallery::name_of(const PersonId& person) const {
  const auto found =
      std::find_if(people_.begin(), people_.end(), [&](const Person& p) { return p.id == person; });
  return found == people_.end() ? nullptr : &found->name;
}

std::vector<float> Gallery::vector(std::size_t row) const {
  const auto from = rows_.begin() + static_cast<std::ptrdiff_t>(row * stride_);
  return {from, from + matching_.dimension};
}

float distance(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return std::numeric_limits<float>::infinity();
  if (metric != Metric::cosine)
    return finished(metric, raw_distance(metric, a.data(), b.data(), a.size()));
  std::vector<float> x = a;
  std::vector<float> y = b;
  normalise(x);
  normalise(y);
  return raw_distance(metric, x.data(), y.data(), x.size());
}

}  // namespace surveillx::vision
