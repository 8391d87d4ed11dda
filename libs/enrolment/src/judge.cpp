#include "surveillx/enrolment/judge.hpp"

#include <algorithm>
#include <cstdio>

namespace surveillx::enrolment {
namespace {

/// How much farther than the look-alike distance the other photos of a new person may be from the
/// one whom one of them looks like and still count as the same face.
constexpr float kNearlyAsLike = 1.25F;

std::string written(float distance) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(distance));
  return text;
}

/// Which of `photos` belong together: by chains of pairs that are like each other.
std::vector<std::size_t> groups_of(std::span<const vision::Embedding> photos,
                                   const vision::Matching& matching) {
  std::vector<std::size_t> group(photos.size());
  for (std::size_t i = 0; i < photos.size(); ++i) group[i] = i;
  for (std::size_t i = 0; i < photos.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool alike = vision::distance(matching.metric, photos[i].values, photos[j].values) <=
                         matching.unlike;
      if (alike && group[i] != group[j]) {
        std::replace(group.begin(), group.end(), std::max(group[i], group[j]),
                     std::min(group[i], group[j]));
      }
    }
  }
  return group;
}

/// The group that most photos are in; the first of equals.
std::size_t largest(const std::vector<std::size_t>& group) {
  std::size_t best = 0;
  std::ptrdiff_t most = 0;
  for (std::size_t candidate = 0; candidate < group.size(); ++candidate) {
    const auto size = std::count(group.begin(), group.end(), candidate);
    if (size > most) {
      most = size;
      best = candidate;
    }
  }
  return best;
}

Error unlike_others() {
  return {kUnlikeOthers,
          "the face is unlike the person's other photos; is it somebody else's photo?"};
}

Error looks_like(const LookAlike& like) {
  return {kLooksLike, "the face is much like " + like.person + "'s (distance " +
                          written(like.distance) +
                          "), so that neither would be recognised; if they are two people, "
                          "insist on it"};
}

bool comparable(const vision::Gallery& gallery, const vision::Embedding& photo) {
  return photo.model_id == gallery.matching().model_id;
}

void set_aside_unlike(const vision::Gallery& gallery, std::span<const vision::Embedding> photos,
                      const std::vector<vision::Neighbours>& around,
                      std::vector<Judgement>& judgements) {
  const vision::Matching& matching = gallery.matching();
  if (matching.unlike <= 0) return;
  const bool has_photos = std::any_of(around.begin(), around.end(), [](const auto& neighbours) {
    return neighbours.own < std::numeric_limits<float>::infinity();
  });
  const std::vector<std::size_t> group = groups_of(photos, matching);
  const std::size_t main = largest(group);
  for (std::size_t i = 0; i < photos.size(); ++i) {
    if (!comparable(gallery, photos[i])) continue;
    const bool unlike = has_photos ? around[i].own > matching.unlike : group[i] != main;
    if (unlike) judgements[i].refused = unlike_others();
  }
}

/// How near is much alike: by the model, and less in a large gallery, where a face of the other
/// would no longer be matched from so far, and chance brings more people near.
float reach(const vision::Gallery& gallery) {
  const vision::Matching& matching = gallery.matching();
  return std::min(matching.look_alike, gallery.threshold() + matching.margin / 2);
}

void refuse_look_alikes(const vision::Gallery& gallery, std::span<const vision::Embedding> photos,
                        const std::vector<vision::Neighbours>& around, bool is_new,
                        std::vector<Judgement>& judgements) {
  const float near = reach(gallery);
  const float margin = gallery.matching().margin;
  const auto refuse = [&](std::size_t i, const LookAlike& like) {
    judgements[i].like = like;
    judgements[i].refused = looks_like(like);
  };
  std::optional<LookAlike> nearest;
  for (std::size_t i = 0; i < around.size(); ++i) {
    const vision::Neighbours& found = around[i];
    const bool clearly_own = found.own + margin <= found.other;
    if (judgements[i].refused || found.other >= near || clearly_own) continue;
    const LookAlike like{found.other_id, found.other_name, found.other};
    refuse(i, like);
    if (!nearest || like.distance < nearest->distance) nearest = like;
  }
  if (!nearest || !is_new) return;
  // What is left would enrol the same face a second time, by its worse photos.
  for (std::size_t i = 0; i < around.size(); ++i) {
    if (judgements[i].refused) continue;
    const float distance = gallery.neighbours(photos[i], nearest->person_id).own;
    if (distance < kNearlyAsLike * near) {
      refuse(i, {nearest->person_id, nearest->person, distance});
    }
  }
}

}  // namespace

std::vector<Judgement> judge(const vision::Gallery& gallery, const std::optional<PersonId>& person,
                             std::span<const vision::Embedding> photos,
                             const Insistence& insistence) {
  std::vector<Judgement> judgements(photos.size());
  std::vector<vision::Neighbours> around;
  around.reserve(photos.size());
  for (const auto& photo : photos) around.push_back(gallery.neighbours(photo, person));
  if (!insistence.unlike) set_aside_unlike(gallery, photos, around, judgements);
  if (!insistence.look_alike) {
    const bool is_new = std::none_of(around.begin(), around.end(), [](const auto& neighbours) {
      return neighbours.own < std::numeric_limits<float>::infinity();
    });
    refuse_look_alikes(gallery, photos, around, is_new, judgements);
  }
  return judgements;
}

}  // namespace surveillx::enrolment
