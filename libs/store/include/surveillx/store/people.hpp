#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/store/context.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::store {

/// The photo was removed, decided, or claimed by another worker meanwhile; nothing was stored.
inline constexpr ErrorName kLeaseLost{"lease_lost"};
/// Vectors came or went since the caller compared with them; nothing was stored.
inline constexpr ErrorName kGalleryChanged{"gallery_changed"};

/// `Revisions::vectors` as read before the vectors that a photo was compared with. A write that is
/// given it takes place only while that comparison still holds (`gallery_changed` otherwise), so
/// that two processes cannot enrol look-alikes at the same moment.
using VectorsSeen = std::optional<std::int64_t>;

struct NewPerson {
  std::string name;
  std::string external_id;
  std::string group;
};

/// A photo that has passed examination, with its vector in the space of `model`.
struct AcceptedPhoto {
  std::string file_name;
  Bytes bytes;
  std::string model;
  std::vector<float> embedding;
  bool insisted = false;  ///< An operator has vouched for it; holds for other models, too.
};

struct PhotoCounts {
  std::int64_t accepted = 0;
  std::int64_t pending = 0;
  std::int64_t refused = 0;
};

struct PersonSummary {
  domain::Person person;
  PhotoCounts photos;
};

struct PeopleQuery {
  std::string search;  ///< Part of the name or of the external id, letter case ignored; empty: all.
  std::string group;   ///< Exactly this group; empty: all.
  std::size_t limit = 50;  ///< 1 to 500.
  std::string cursor;      ///< `next_cursor` of the page before; empty for the first page.
};

struct PeoplePage {
  std::vector<PersonSummary> people;  ///< By name, then id.
  std::string next_cursor;            ///< Empty on the last page.
};

/// The enrolled people. Every change bumps the gallery revision in the same transaction.
/// All repositories: thread-safe, blocking; any call may fail with `database_unavailable`.
class People {
 public:
  explicit People(ContextPtr context) : context_(std::move(context)) {}

  /// With `photos`, person, photos and embeddings are stored in one transaction or not at all.
  /// Errors: `invalid_argument` (name empty or over 200 characters), `already_exists` (the
  /// external id is another person's), `gallery_changed`.
  [[nodiscard]] Result<domain::Person> create(const NewPerson& person,
                                              const std::vector<AcceptedPhoto>& photos = {},
                                              VectorsSeen seen = std::nullopt);
  /// Errors: `not_found`, as for a removed person.
  [[nodiscard]] Result<domain::Person> find(const PersonId& id);
  [[nodiscard]] Result<PersonSummary> find_summary(const PersonId& id);
  /// Everybody with this name or external id: names may be shared.
  [[nodiscard]] Result<std::vector<domain::Person>> find_by(std::string_view name_or_external_id);
  /// Errors: `invalid_argument` for a cursor that is none of ours.
  [[nodiscard]] Result<PeoplePage> list(const PeopleQuery& query);
  /// The groups that people are in, by name.
  [[nodiscard]] Result<std::vector<std::string>> groups();
  /// Errors: `not_found`, as `create`.
  [[nodiscard]] Result<domain::Person> update(const PersonId& id, const NewPerson& person);
  /// Erases embeddings, photos and snapshots and ends recognition of the person. Attendance
  /// records and bare sightings stay, under the name they had: they are the institution's books,
  /// not biometric data (docs/adr/0005). The external id becomes free. Errors: `not_found`.
  [[nodiscard]] Result<void> remove(const PersonId& id);

 private:
  ContextPtr context_;
};

struct ClaimedPhoto {
  domain::Photo photo;
  Bytes bytes;            ///< As uploaded: untrusted.
  bool insisted = false;  ///< An operator has said that it may look like somebody else.
};

/// The name under which a photo of this file is kept: file names may hold anything, the database's
/// text may not.
[[nodiscard]] std::string stored_file_name(std::string_view file_name);

/// Enrolment photos, sealed at rest.
class Photos {
 public:
  explicit Photos(ContextPtr context) : context_(std::move(context)) {}

  /// Stores an upload that nobody has looked at yet (web). The same bytes a second time change
  /// nothing, but a refused photo is looked at again. Errors: `not_found` (the person).
  [[nodiscard]] Result<domain::Photo> add_pending(const PersonId& person,
                                                  std::string_view file_name, ByteView bytes,
                                                  bool insisted = false);
  /// Stores a photo examined in this process (command line); one whose bytes the person has already
  /// is accepted in that place. Errors: `not_found` (the person), `gallery_changed`.
  [[nodiscard]] Result<domain::Photo> add_accepted(const PersonId& person,
                                                   const AcceptedPhoto& photo);
  /// The same with several, all or none.
  [[nodiscard]] Result<std::vector<domain::Photo>> add_accepted(
      const PersonId& person, const std::vector<AcceptedPhoto>& photos,
      VectorsSeen seen = std::nullopt);
  /// Has a refused photo looked at again, with an operator's word that it may look like somebody
  /// else or unlike the person's others. Errors: `not_found`.
  [[nodiscard]] Result<void> insist(const PhotoId& id);
  /// The person's photo with exactly these bytes, if there is one.
  [[nodiscard]] Result<std::optional<domain::Photo>> find_same(const PersonId& person,
                                                               ByteView bytes);

  /// The oldest pending photo that no one else holds, leased to `worker` (any name unique to the
  /// process) for `lease`; a worker that dies loses it then. Nothing when there is none. A photo
  /// whose seal is broken, or whose claim two processes have let run out (it ended them), is refused
  /// with the reason `unreadable` on the way.
  [[nodiscard]] Result<std::optional<ClaimedPhoto>> claim_next(
      std::string_view worker, std::chrono::milliseconds lease = std::chrono::seconds(60));
  /// Errors: `lease_lost`, `gallery_changed`.
  [[nodiscard]] Result<void> accept(const PhotoId& id, std::string_view worker,
                                    std::string_view model, const std::vector<float>& embedding,
                                    VectorsSeen seen = std::nullopt);
  /// `reason` is the examination's error name, such as `no_face`; `like` whom it looks like. Errors:
  /// `lease_lost`.
  [[nodiscard]] Result<void> refuse(const PhotoId& id, std::string_view worker,
                                    std::string_view model, std::string_view reason,
                                    const std::optional<PersonId>& like = std::nullopt);
  /// Makes every photo pending again that `model` has not examined, for an engine that was changed;
  /// the answer says how many. Call it once at media's start; repeating it changes nothing.
  [[nodiscard]] Result<std::int64_t> requeue_for_model(std::string_view model);

  [[nodiscard]] Result<std::vector<domain::Photo>> list(const PersonId& person);
  [[nodiscard]] Result<domain::Photo> find(const PhotoId& id);
  /// The picture itself. Errors: `not_found`, `wrong_key`, `seal_broken`.
  [[nodiscard]] Result<Bytes> bytes(const PhotoId& id);
  /// Removes the photo and its embeddings. Errors: `not_found`.
  [[nodiscard]] Result<void> remove(const PhotoId& id);

 private:
  ContextPtr context_;
};

/// One vector of the gallery, which stays sealed in the database.
struct EmbeddingRow {
  PersonId person_id;
  std::string person;
  PhotoId photo_id;
  std::string seal;  ///< Another one whenever the photo's vector was written anew.
  friend bool operator==(const EmbeddingRow&, const EmbeddingRow&) = default;
};

/// The same with the vector itself.
struct StoredEmbedding : EmbeddingRow {
  std::vector<float> vector;
};

/// The vectors by which people are recognised, sealed at rest; never compared across models.
class Embeddings {
 public:
  explicit Embeddings(ContextPtr context) : context_(std::move(context)) {}

  /// All vectors of `model` by person and photo, none of them opened: cheap beside `load`. Read
  /// `Revision::current()` before either: a change in between then shows as a newer revision.
  [[nodiscard]] Result<std::vector<EmbeddingRow>> list(std::string_view model);
  /// The vectors of `model`, all or those that `photos` still have; no other is opened. One whose seal
  /// is broken is left out and logged. Errors: `wrong_key`.
  [[nodiscard]] Result<std::vector<StoredEmbedding>> load(
      std::string_view model, const std::optional<std::vector<PhotoId>>& photos = std::nullopt);
  /// How many vectors each model has.
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::int64_t>>> models();

 private:
  ContextPtr context_;
};

}  // namespace surveillx::store
