#include "surveillx/enrolment/gallery_keeper.hpp"

#include <utility>

namespace surveillx::enrolment {

GalleryKeeper::GalleryKeeper(store::Store& store, const vision::Matching& matching)
    : store_(store), matching_(matching) {}

GalleryKeeper::Known GalleryKeeper::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

Result<GalleryKeeper::Kept> GalleryKeeper::refresh(Wanted wanted) {
  for (int tries = 1;; ++tries) {
    auto kept = refresh_once(wanted, tries == kMaxTries);
    if (!kept) return kept.error();
    if (*kept) return **std::move(kept);
  }
}

Result<std::optional<GalleryKeeper::Kept>> GalleryKeeper::refresh_once(Wanted wanted, bool last) {
  const Known before = known();
  const auto now = store_.revision.current();
  if (!now) return now.error();
  // Whatever moves `vectors` moves `gallery` as well.
  const bool fresh =
      before.contents && (wanted == Wanted::vectors ? before.seen.vectors == now->vectors
                                                    : before.seen.gallery == now->gallery);
  if (fresh) return std::optional(Kept{before.contents->gallery, before.seen.vectors});
  auto contents = read(before.contents);
  if (!contents) return contents.error();
  return take(before, *now, *std::move(contents), last);
}

std::optional<GalleryKeeper::Kept> GalleryKeeper::take(const Known& before,
                                                       const store::Revisions& seen,
                                                       std::shared_ptr<const Contents> contents,
                                                       bool last) {
  const std::lock_guard lock(mutex_);
  const bool meanwhile = known_.reading != before.reading;  // Another thread has brought something.
  // Which of the two was listed later nobody knows: the other's may be without somebody who was removed
  // after ours, whatever revision was read before either.
  if (meanwhile && !last) return std::nullopt;
  // What was seen earlier may hold who was removed since.
  if (!meanwhile || known_.seen.gallery < seen.gallery) {
    if (meanwhile && known_.contents->rows == contents->rows) contents = known_.contents;
    known_ = {seen, std::move(contents), known_.reading + 1};
  }
  return Kept{known_.contents->gallery, known_.seen.vectors};
}

Result<std::shared_ptr<const GalleryKeeper::Contents>> GalleryKeeper::read(
    const std::shared_ptr<const Contents>& before) {
  auto listed = store_.embeddings.list(matching_.model_id);
  if (!listed) return listed.error();
  if (before && *listed == before->rows) return before;
  static const Contents nothing;
  const Contents& earlier = before ? *before : nothing;
  std::vector<PhotoId> missing;
  for (const auto& row : *listed) {
    if (held_of(earlier, row) == nullptr) missing.push_back(row.photo_id);
  }
  std::unordered_map<PhotoId, store::StoredEmbedding> opened;
  if (!missing.empty()) {
    // At first everything is missing, which is one statement.
    auto loaded = earlier.held.empty() ? store_.embeddings.load(matching_.model_id)
                                       : store_.embeddings.load(matching_.model_id, missing);
    if (!loaded) return loaded.error();
    opened_ += missing.size();
    for (auto& one : *loaded) opened.insert_or_assign(one.photo_id, std::move(one));
  }

  // What was held of others is left behind: a removed person's vectors are not kept.
  const auto contents = std::make_shared<Contents>();
  contents->held.reserve(listed->size());
  std::vector<vision::Gallery::Entry> entries;
  entries.reserve(listed->size());
  std::size_t next = 0;  // Row of the gallery.
  for (const auto& row : *listed) {
    Held held;
    vision::Embedding vector{matching_.model_id, {}};
    if (const Held* same = held_of(earlier, row)) {
      held = *same;
      if (same->row != kNoRow) vector.values = earlier.gallery->vector(same->row);
    } else {
      // Not there: it does not open, or is gone since the rows were listed. One that was written anew
      // since then is as good.
      const auto found = opened.find(row.photo_id);
      if (found == opened.end() || found->second.person_id != row.person_id) continue;
      held = {row.person_id, found->second.seal, kNoRow};
      vector.values = std::move(found->second.vector);
    }
    const bool fits = vector.values.size() == static_cast<std::size_t>(matching_.dimension);
    held.row = fits ? next++ : kNoRow;
    contents->held.insert_or_assign(row.photo_id, std::move(held));
    entries.push_back({row.person_id, row.person, std::move(vector)});
  }
  contents->gallery = vision::Gallery::build(std::move(entries), matching_);
  contents->rows = *std::move(listed);
  return contents;
}

const GalleryKeeper::Held* GalleryKeeper::held_of(const Contents& contents,
                                                  const store::EmbeddingRow& row) {
  // A row that was moved to another person has to open for that one.
  const auto found = contents.held.find(row.photo_id);
  const bool same = found != contents.held.end() && found->second.seal == row.seal &&
                    found->second.person_id == row.person_id;
  return same ? &found->second : nullptr;
}

Result<std::shared_ptr<const vision::Gallery>> load_gallery(store::Store& store,
                                                            const vision::Matching& matching) {
  auto kept = GalleryKeeper(store, matching).refresh();
  if (!kept) return kept.error();
  return std::move(kept->gallery);
}

}  // namespace surveillx::enrolment
