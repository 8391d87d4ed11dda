#pragma once

#include "surveillx/store/store.hpp"
#include "surveillx/vision/gallery.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace surveillx::enrolment {

/// The vectors of the engine's model, opened once each: when the database changes, those that came are
/// opened and those that went are forgotten. A person more, another name or a refused photo opens
/// nobody else's.
///
/// Thread-safe, blocks (SQL); `store` must outlive it. Nobody waits for what another thread asks the
/// database: two that ask at once may open the same vectors twice. Vectors are held by the gallery
/// only. Any call may fail as the store does, and then changes nothing.
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
  [[nodiscard]] std::uint64_t opened() const { return opened_; }

 private:
  enum class Wanted { vectors, names_too };
  /// A vector that was opened, as the gallery holds it.
  struct Held {
    PersonId person_id;
    std::string seal;
    std::size_t row = kNoRow;  ///< Of the gallery; none for one that the gallery left out.
  };
  static constexpr std::size_t kNoRow = static_cast<std::size_t>(-1);
  /// What was read at one moment. Immutable, so that it is read without a lock.
  struct Contents {
    std::vector<store::EmbeddingRow> rows;
    std::unordered_map<PhotoId, Held> held;
    std::shared_ptr<const vision::Gallery> gallery;
  };
  struct Known {
    store::Revisions seen;  ///< Read before `contents`.
    std::shared_ptr<const Contents> contents;  ///< Null before the first reading.
    std::uint64_t reading = 0;                 ///< Counts those that were taken over.
  };

  /// How often who was overtaken by another thread reads anew.
  static constexpr int kMaxTries = 4;

  [[nodiscard]] Result<Kept> refresh(Wanted wanted);
  /// Nothing: another thread has brought something meanwhile, and this one has to look again.
  [[nodiscard]] Result<std::optional<Kept>> refresh_once(Wanted wanted, bool last);
  [[nodiscard]] Known known() const;
  /// `before` itself when nothing has changed. Null: nothing is known yet.
  [[nodiscard]] Result<std::shared_ptr<const Contents>> read(
      const std::shared_ptr<const Contents>& before);
  [[nodiscard]] std::optional<Kept> take(const Known& before, const store::Revisions& seen,
                                         std::shared_ptr<const Contents> contents, bool last);
  /// What is held of this row, if its vector is the one that was opened.
  [[nodiscard]] static const Held* held_of(const Contents& contents, const store::EmbeddingRow& row);

  store::Store& store_;
  const vision::Matching matching_;
  std::atomic<std::uint64_t> opened_{0};
  mutable std::mutex mutex_;  ///< Never held while the database is asked.
  Known known_;
};

/// The vectors of the engine's model as a gallery to compare with, for who needs it once.
[[nodiscard]] Result<std::shared_ptr<const vision::Gallery>> load_gallery(
    store::Store& store, const vision::Matching& matching);

}  // namespace surveillx::enrolment
