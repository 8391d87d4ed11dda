#pragma once

#include "surveillx/store/store.hpp"
#include "surveillx/vision/gallery.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace surveillx::enrolment {

/// The vectors of the engine's model, opened once each: when the database changes, those that came are
/// opened and those that went are forgotten. A person more, another name or a refused photo opens
/// nobody else's.
///
/// Thread-safe, blocks (SQL); `store` must outlive it. Holds each vector twice: here, and in the
/// gallery, which is built anew from them. Any call may fail as the store does, and then changes
/// nothing.
class GalleryKeeper {
 public:
  struct Kept {
    /// The same object until something in it changes.
    std::shared_ptr<const vision::Gallery> gallery;
    std::int64_t vectors = 0;  ///< Revisions::vectors as read before what `gallery` holds.
  };

  GalleryKeeper(store::Store& store, const vision::Matching& matching);

  /// As the database has it now. Errors: `wrong_key`.
  [[nodiscard]] Result<Kept> refresh() { return refresh(Wanted::names_too); }
  /// The same for a comparison, to which it does not matter how somebody is called: asks for no more
  /// than the revision while no vector has come or gone.
  [[nodiscard]] Result<Kept> refresh_vectors() { return refresh(Wanted::vectors); }

  [[nodiscard]] const vision::Matching& matching() const { return matching_; }
  /// How many vectors were opened in all.
  [[nodiscard]] std::uint64_t opened() const;

 private:
  enum class Wanted { vectors, names_too };
  struct Held {
    PersonId person_id;
    std::string seal;
    std::vector<float> vector;
  };
  using HeldVectors = std::unordered_map<PhotoId, Held>;

  [[nodiscard]] Result<Kept> refresh(Wanted wanted);
  [[nodiscard]] Result<void> read_locked();
  [[nodiscard]] bool holds(const store::EmbeddingRow& row) const;
  [[nodiscard]] std::shared_ptr<const vision::Gallery> build(
      const std::vector<store::EmbeddingRow>& rows, const HeldVectors& held) const;

  store::Store& store_;
  const vision::Matching matching_;
  mutable std::mutex mutex_;
  store::Revisions seen_;  ///< Read before what is kept.
  std::vector<store::EmbeddingRow> rows_;
  HeldVectors held_;
  std::shared_ptr<const vision::Gallery> gallery_;  ///< Null before the first reading.
  std::uint64_t opened_ = 0;
};

/// The vectors of the engine's model as a gallery to compare with, for who needs it once.
[[nodiscard]] Result<std::shared_ptr<const vision::Gallery>> load_gallery(
    store::Store& store, const vision::Matching& matching);

}  // namespace surveillx::enrolment
