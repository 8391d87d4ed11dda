#include "surveillx/enrolment/enroller.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::enrolment {
namespace {

/// Each lost race is somebody else's success, so that this many are lost under attack only.
constexpr int kAttempts = 50;

Verdict accepted() { return {.accepted = true, .reason = "", .message = "", .like = std::nullopt}; }

Verdict refused(const Error& error) {
  return {.accepted = false,
          .reason = std::string(error.name.text()),
          .message = error.message,
          .like = std::nullopt};
}

Verdict verdict_of(const Judgement& judgement) {
  if (!judgement.refused) return accepted();
  Verdict verdict = refused(*judgement.refused);
  verdict.like = judgement.like;
  return verdict;
}

/// What is wrong with the photos themselves, and which of them are left to be compared.
struct Sorted {
  std::vector<Verdict> verdicts;
  std::vector<std::size_t> usable;  ///< Indices; the first of equal bytes only.
  std::vector<vision::Embedding> vectors;
};

Sorted sort(const std::vector<Candidate>& photos) {
  Sorted sorted;
  for (std::size_t i = 0; i < photos.size(); ++i) {
    if (!photos[i].examined) {
      sorted.verdicts.push_back(refused(photos[i].examined.error()));
      continue;
    }
    sorted.verdicts.push_back(accepted());
    const bool repeated =
        std::any_of(sorted.usable.begin(), sorted.usable.end(),
                    [&](std::size_t earlier) { return photos[earlier].bytes == photos[i].bytes; });
    if (repeated) continue;
    sorted.usable.push_back(i);
    sorted.vectors.push_back(photos[i].examined->embedding);
  }
  return sorted;
}

/// Photos with the bytes of an earlier one share its verdict.
void share_verdicts(const std::vector<Candidate>& photos, std::vector<Verdict>& verdicts) {
  for (std::size_t i = 0; i < photos.size(); ++i) {
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (photos[earlier].bytes != photos[i].bytes) continue;
      verdicts[i] = verdicts[earlier];
      break;
    }
  }
}

store::AcceptedPhoto to_store(const Candidate& photo, const Insistence& insistence) {
  return {.file_name = photo.file_name,
          .bytes = photo.bytes,
          .model = photo.examined->embedding.model_id,
          .embedding = photo.examined->embedding.values,
          .insisted = insistence.look_alike || insistence.unlike};
}

}  // namespace

Enroller::Enroller(store::Store& store, const vision::Matching& matching)
    : Enroller(store, std::make_shared<GalleryKeeper>(store, matching)) {}

Enroller::Enroller(store::Store& store, std::shared_ptr<GalleryKeeper> keeper)
    : store_(store), keeper_(std::move(keeper)) {}

template <class Attempt>
auto Enroller::with_present_gallery(Attempt attempt)
    -> decltype(attempt(std::declval<const GalleryKeeper::Kept&>())) {
  for (int i = 1;; ++i) {
    const auto kept = keeper_->refresh_vectors();
    if (!kept) return kept.error();
    auto done = attempt(*kept);
    if (done || !done.error().is(store::kGalleryChanged) || i == kAttempts) return done;
  }
}

Result<Enrolled> Enroller::create(const store::NewPerson& person, std::vector<Candidate> photos,
                                  const Insistence& insistence) {
  const Sorted sorted = sort(photos);
  return with_present_gallery([&](const GalleryKeeper::Kept& kept) -> Result<Enrolled> {
    Enrolled enrolled{.person = std::nullopt, .photos = sorted.verdicts};
    const auto judgements = judge(*kept.gallery, std::nullopt, sorted.vectors, insistence);
    std::vector<store::AcceptedPhoto> welcome;
    for (std::size_t i = 0; i < judgements.size(); ++i) {
      const std::size_t at = sorted.usable[i];
      enrolled.photos[at] = verdict_of(judgements[i]);
      if (enrolled.photos[at].accepted) welcome.push_back(to_store(photos[at], insistence));
    }
    share_verdicts(photos, enrolled.photos);
    // Somebody who was to be recognised, and cannot be, is better not there than there in name only.
    if (!photos.empty() && welcome.empty()) return enrolled;
    auto created = store_.people.create(person, welcome,
                                        welcome.empty() ? store::VectorsSeen() : kept.vectors);
    if (!created) return created.error();
    enrolled.person = *std::move(created);
    return enrolled;
  });
}

Result<std::vector<Verdict>> Enroller::add(const PersonId& person, std::vector<Candidate> photos,
                                           const Insistence& insistence) {
  const Sorted sorted = sort(photos);
  // What the person has already needs no judgement: the others are compared with it.
  std::vector<std::size_t> fresh;
  std::vector<vision::Embedding> vectors;
  for (std::size_t i = 0; i < sorted.usable.size(); ++i) {
    const auto same = store_.photos.find_same(person, photos[sorted.usable[i]].bytes);
    if (!same) return same.error();
    if (*same && (*same)->status == domain::PhotoStatus::accepted) continue;
    fresh.push_back(sorted.usable[i]);
    vectors.push_back(sorted.vectors[i]);
  }
  return with_present_gallery([&](const GalleryKeeper::Kept& kept) -> Result<std::vector<Verdict>> {
    std::vector<Verdict> verdicts = sorted.verdicts;
    const auto judgements = judge(*kept.gallery, person, vectors, insistence);
    std::vector<store::AcceptedPhoto> welcome;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      verdicts[fresh[i]] = verdict_of(judgements[i]);
      if (verdicts[fresh[i]].accepted) welcome.push_back(to_store(photos[fresh[i]], insistence));
    }
    share_verdicts(photos, verdicts);
    if (welcome.empty()) return verdicts;
    const auto added = store_.photos.add_accepted(person, welcome, kept.vectors);
    if (!added) return added.error();
    return verdicts;
  });
}

Result<Verdict> Enroller::decide(const store::ClaimedPhoto& photo, std::string_view worker,
                                 const Result<vision::Enrolment>& examined) {
  const PhotoId& id = photo.photo.id;
  const auto refuse = [&](Verdict verdict) -> Result<Verdict> {
    const auto like = verdict.like ? std::optional(verdict.like->person_id) : std::nullopt;
    const auto stored =
        store_.photos.refuse(id, worker, keeper_->matching().model_id, verdict.reason, like);
    if (!stored) return stored.error();
    return verdict;
  };
  if (!examined) return refuse(refused(examined.error()));
  const Insistence insistence{.look_alike = photo.insisted, .unlike = photo.insisted};
  return with_present_gallery([&](const GalleryKeeper::Kept& kept) -> Result<Verdict> {
    Verdict verdict = verdict_of(judge(*kept.gallery, photo.photo.person_id,
                                       std::span(&examined->embedding, 1), insistence)
                                     .front());
    if (!verdict.accepted) return refuse(std::move(verdict));
    const auto stored = store_.photos.accept(id, worker, keeper_->matching().model_id,
                                             examined->embedding.values, kept.vectors);
    if (!stored) return stored.error();
    return verdict;
  });
}

}  // namespace surveillx::enrolment
