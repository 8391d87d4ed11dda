#include "surveillx/enrolment/gallery_keeper.hpp"

#include <utility>

namespace surveillx::enrolment {

GalleryKeeper::GalleryKeeper(store::Store& store, const vision::Matching& matching)
    : store_(store), matching_(matching) {}

std::uint64_t GalleryKeeper::opened() const {
  const std::lock_guard lock(mutex_);
  return opened_;
}

Result<GalleryKeeper::Kept> GalleryKeeper::refresh(Wanted wanted) {
  const std::lock_guard lock(mutex_);
  const auto now = store_.revision.current();
  if (!now) return now.error();
  // Whatever moves `vectors` moves `gallery` as well.
  const bool fresh = gallery_ && (wanted == Wanted::vectors ? seen_.vectors == now->vectors
                                                            : seen_.gallery == now->gallery);
  if (!fresh) {
    if (auto done = read_locked(); !done) return done.error();
    seen_ = *now;
  }
  return Kept{gallery_, seen_.vectors};
}

Result<void> GalleryKeeper::read_locked() {
  auto listed = store_.embeddings.list(matching_.model_id);
  if (!listed) return listed.error();
  if (gallery_ && *listed == rows_) return {};
  std::vector<PhotoId> missing;
  for (const auto& row : *listed) {
    if (!holds(row)) missing.push_back(row.photo_id);
  }
  std::vector<store::StoredEmbedding> opened;
  if (!missing.empty()) {
    // At first everything is missing, which is one statement.
    auto loaded = held_.empty() ? store_.embeddings.load(matching_.model_id)
                                : store_.embeddings.load(matching_.model_id, missing);
    if (!loaded) return loaded.error();
    opened = *std::move(loaded);
    opened_ += missing.size();
  }

  HeldVectors held;
  held.reserve(listed->size());
  for (const auto& row : *listed) {
    if (holds(row)) held.insert(held_.extract(row.photo_id));
  }
  for (auto& one : opened) {
    held.insert_or_assign(one.photo_id, Held{one.person_id, one.seal, std::move(one.vector)});
  }
  auto gallery = build(*listed, held);
  // What was held of others goes with the old map: a removed person's vectors are not kept.
  held_ = std::move(held);
  rows_ = *std::move(listed);
  gallery_ = std::move(gallery);
  return {};
}

bool GalleryKeeper::holds(const store::EmbeddingRow& row) const {
  // A row that was moved to another person has to open for that one.
  const auto found = held_.find(row.photo_id);
  return found != held_.end() && found->second.seal == row.seal &&
         found->second.person_id == row.person_id;
}

std::shared_ptr<const vision::Gallery> GalleryKeeper::build(
    const std::vector<store::EmbeddingRow>& rows, const HeldVectors& held) const {
  std::vector<vision::Gallery::Entry> entries;
  entries.reserve(rows.size());
  for (const auto& row : rows) {
    // Not there: it does not open, or is gone since the rows were listed. One that was written anew
    // since then is as good.
    const auto found = held.find(row.photo_id);
    if (found == held.end() || found->second.person_id != row.person_id) continue;
    entries.push_back({row.person_id, row.person, {matching_.model_id, found->second.vector}});
  }
  return vision::Gallery::build(std::move(entries), matching_);
}

Result<std::shared_ptr<const vision::Gallery>> load_gallery(store::Store& store,
                                                            const vision::Matching& matching) {
  auto kept = GalleryKeeper(store, matching).refresh();
  if (!kept) return kept.error();
  return std::move(kept->gallery);
}

}  // namespace surveillx::enrolment
