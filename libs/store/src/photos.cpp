#include "surveillx/base/log.hpp"
#include "surveillx/store/people.hpp"

#include "blobs.hpp"
#include "sql.hpp"
#include "text.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace surveillx::store {

namespace {

constexpr std::string_view kPhotoColumns =
    "id, person_id, file_name, status, reason, created_at, like_person";
constexpr std::size_t kPhotoColumnCount = 7;
constexpr std::size_t kMaxFileName = 200;
/// Processes that may end while they examine one photo.
constexpr std::int64_t kMaxClaims = 2;
constexpr std::string_view kUnreadable = "unreadable";

Error no_such_photo() { return {kNotFound, "there is no such photo"}; }

domain::Photo photo_of(const Row& row) {
  const auto like = PersonId::parse(row.text(6));
  return {.id = row.id<PhotoId>(0),
          .person_id = row.id<PersonId>(1),
          .file_name = row.text(2),
          .status = domain::parse_photo_status(row.text(3)).value_or(domain::PhotoStatus::refused),
          .reason = row.text(4),
          .created_at = row.time(5),
          .like = like ? std::optional(*like) : std::nullopt};
}

/// Holds the person's row, so that a removal at the same moment waits and then sees the photo.
bool lock_person(Connection& db, const PersonId& id) {
  return db
      .first(1, "select id from person where id = :id and removed_at is null {for update}",
             {{"id", id}})
      .has_value();
}

/// The person's photo with exactly these bytes. Sealing adds the same length to all, so that hardly
/// ever more than one has to be opened.
std::optional<domain::Photo> same_photo(Connection& db, const Context& context,
                                        const PersonId& person, ByteView bytes,
                                        std::size_t sealed_size) {
  for (const auto& row : db.query(
           kPhotoColumnCount + 1,
           "select " + std::string(kPhotoColumns) +
               ", {hex:bytes} from photo where person_id = :person and length(bytes) = :size"
               " order by created_at, id",
           {{"person", person}, {"size", static_cast<std::int64_t>(sealed_size)}})) {
    domain::Photo photo = photo_of(row);
    const auto plain = context.keys.unseal(row.bytes(kPhotoColumnCount), photo_binding(photo.id));
    if (plain && std::equal(plain->begin(), plain->end(), bytes.begin(), bytes.end())) return photo;
  }
  return std::nullopt;
}

/// Ends a worker's claim with a verdict.
std::int64_t decide(Connection& db, const PhotoId& id, std::string_view worker,
                    domain::PhotoStatus status, std::string_view reason, std::string_view model) {
  return db.execute(
      "update photo set status = :status, reason = :reason, model = :model, claimed_by = null,"
      " claimed_until = null where id = :id and status = 'pending' and claimed_by = :worker",
      {{"status", domain::to_string(status)},
       {"reason", reason},
       {"model", model},
       {"id", id},
       {"worker", worker}});
}

/// A claim that ran out was held by a process that is no more. A photo to which that happened too
/// often is what ends them.
void refuse_what_ends_processes(Connection& db, std::string_view worker, UnixMillis now) {
  const auto rows = db.query(1,
                             "select id from photo where status = 'pending' and claims >= :most"
                             " and claimed_until <= :now and claimed_by <> :worker {skip locked}",
                             {{"most", kMaxClaims}, {"now", now}, {"worker", worker}});
  if (rows.empty()) return;
  bump(db, Revised::gallery);
  for (const auto& row : rows) {
    log::error("store.photo_ended_its_process", {{"photo", row.text(0)}, {"times", kMaxClaims}});
    db.execute(
        "update photo set status = 'refused', reason = :reason, claimed_by = null,"
        " claimed_until = null where id = :id",
        {{"reason", kUnreadable}, {"id", row.text(0)}});
  }
}

/// Makes a refused photo wait for a verdict again.
void look_again(Connection& db, const PhotoId& id, bool insisted) {
  db.execute(
      "update photo set status = 'pending', reason = '', like_person = '', insisted = :insisted,"
      " claimed_by = null, claimed_until = null where id = :id",
      {{"insisted", std::int64_t{insisted ? 1 : 0}}, {"id", id}});
}

Error lease_lost() {
  return {kLeaseLost, "the photo was removed, or another worker examines it now"};
}

}  // namespace

std::string photo_binding(const PhotoId& id) { return "photo:" + id.str(); }
std::string embedding_binding(const PhotoId& id, std::string_view model, const PersonId& person) {
  return "embedding:" + id.str() + ":" + std::string(model) + ":" + person.str();
}
std::string snapshot_binding(const SightingId& id) { return "snapshot:" + id.str(); }

Bytes vector_to_bytes(const std::vector<float>& vector) {
  Bytes bytes(vector.size() * 4);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(vector[i]);
    for (std::size_t b = 0; b < 4; ++b) {
      bytes[i * 4 + b] = static_cast<std::uint8_t>(bits >> (8 * b));
    }
  }
  return bytes;
}

Result<std::vector<float>> vector_from_bytes(ByteView bytes) {
  if (bytes.size() % 4 != 0) return Error{crypto::kSealBroken, "a vector has an odd length"};
  std::vector<float> vector(bytes.size() / 4);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    std::uint32_t bits = 0;
    for (std::size_t b = 0; b < 4; ++b) bits |= std::uint32_t{bytes[i * 4 + b]} << (8 * b);
    vector[i] = std::bit_cast<float>(bits);
  }
  return vector;
}

std::string stored_file_name(std::string_view file_name) {
  return tolerant_text(file_name, kMaxFileName);
}

SealedPhoto seal_photo(const Context& context, const PersonId& person, const AcceptedPhoto& photo) {
  SealedPhoto sealed;
  sealed.photo = {.id = PhotoId::random(),
                  .person_id = person,
                  .file_name = stored_file_name(photo.file_name),
                  .status = domain::PhotoStatus::accepted,
                  .reason = "",
                  .created_at = context.clock->now(),
                  .like = std::nullopt};
  sealed.bytes = context.keys.seal(photo.bytes, photo_binding(sealed.photo.id));
  sealed.model = photo.model;
  sealed.embedding_vector = context.keys.seal(vector_to_bytes(photo.embedding),
                                              embedding_binding(sealed.photo.id, photo.model, person));
  sealed.insisted = photo.insisted;
  return sealed;
}

void insert_embedding(Connection& db, const PhotoId& photo, const PersonId& person,
                      std::string_view model, const Bytes& sealed_vector) {
  db.execute(
      "insert into embedding (photo_id, person_id, model, vector)"
      " values (:photo, :person, :model, :vector)"
      " on conflict (photo_id, model) do update set vector = excluded.vector",
      {{"photo", photo},
       {"person", person},
       {"model", model},
       {"vector", ByteView(sealed_vector)}});
}

void insert_photo(Connection& db, const SealedPhoto& sealed) {
  db.execute(
      "insert into photo (id, person_id, file_name, status, reason, model, bytes, created_at,"
      " insisted) values (:id, :person, :file_name, :status, :reason, :model, :bytes, :created_at,"
      " :insisted)",
      {{"id", sealed.photo.id},
       {"person", sealed.photo.person_id},
       {"file_name", sealed.photo.file_name},
       {"status", domain::to_string(sealed.photo.status)},
       {"reason", sealed.photo.reason},
       {"model", sealed.model},
       {"bytes", ByteView(sealed.bytes)},
       {"created_at", sealed.photo.created_at},
       {"insisted", std::int64_t{sealed.insisted ? 1 : 0}}});
  if (!sealed.embedding_vector.empty()) {
    insert_embedding(db, sealed.photo.id, sealed.photo.person_id, sealed.model,
                     sealed.embedding_vector);
  }
}

namespace {

/// Gives a stored photo, whatever was said of it, the verdict of this process.
void accept_again(Connection& db, const Context& context, domain::Photo& stored,
                  const AcceptedPhoto& photo) {
  db.execute(
      "update photo set status = 'accepted', reason = '', like_person = '', model = :model,"
      " insisted = :insisted, claimed_by = null, claimed_until = null where id = :id",
      {{"model", photo.model},
       {"insisted", std::int64_t{photo.insisted ? 1 : 0}},
       {"id", stored.id}});
  insert_embedding(db, stored.id, stored.person_id, photo.model,
                   context.keys.seal(vector_to_bytes(photo.embedding),
                                     embedding_binding(stored.id, photo.model, stored.person_id)));
  stored.status = domain::PhotoStatus::accepted;
  stored.reason.clear();
  stored.like.reset();
}

}  // namespace

Result<domain::Photo> Photos::add_pending(const PersonId& person, std::string_view file_name,
                                          ByteView bytes, bool insisted) {
  SealedPhoto sealed;
  sealed.photo = {.id = PhotoId::random(),
                  .person_id = person,
                  .file_name = stored_file_name(file_name),
                  .status = domain::PhotoStatus::pending,
                  .reason = "",
                  .created_at = context_->clock->now(),
                  .like = std::nullopt};
  sealed.insisted = insisted;
  sealed.bytes = context_->keys.seal(bytes, photo_binding(sealed.photo.id));
  return write(context_, [&](Connection& db) -> Result<domain::Photo> {
    bump(db, Revised::gallery);
    if (!lock_person(db, person)) return no_such_person();
    auto same = same_photo(db, *context_, person, bytes, sealed.bytes.size());
    if (!same) {
      insert_photo(db, sealed);
      return sealed.photo;
    }
    if (same->status == domain::PhotoStatus::refused) {
      look_again(db, same->id, insisted);
      same->status = domain::PhotoStatus::pending;
      same->reason.clear();
      same->like.reset();
    }
    return *std::move(same);
  });
}

Result<domain::Photo> Photos::add_accepted(const PersonId& person, const AcceptedPhoto& photo) {
  auto added = add_accepted(person, std::vector{photo});
  if (!added) return added.error();
  return std::move(added->front());
}

Result<std::vector<domain::Photo>> Photos::add_accepted(const PersonId& person,
                                                        const std::vector<AcceptedPhoto>& photos,
                                                        VectorsSeen seen) {
  std::vector<SealedPhoto> sealed;
  sealed.reserve(photos.size());
  for (const auto& photo : photos) sealed.push_back(seal_photo(*context_, person, photo));
  return write(context_, [&](Connection& db) -> Result<std::vector<domain::Photo>> {
    if (auto unchanged = bump_vectors(db, seen); !unchanged) return unchanged.error();
    if (!lock_person(db, person)) return no_such_person();
    std::vector<domain::Photo> added;
    for (std::size_t i = 0; i < photos.size(); ++i) {
      auto same = same_photo(db, *context_, person, photos[i].bytes, sealed[i].bytes.size());
      if (!same) {
        insert_photo(db, sealed[i]);
        added.push_back(sealed[i].photo);
        continue;
      }
      accept_again(db, *context_, *same, photos[i]);
      added.push_back(*std::move(same));
    }
    return added;
  });
}

Result<void> Photos::insist(const PhotoId& id) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::gallery);
    const auto row = db.first(1, "select status from photo where id = :id", {{"id", id}});
    if (!row) return no_such_photo();
    if (row->text(0) == domain::to_string(domain::PhotoStatus::refused)) look_again(db, id, true);
    return {};
  });
}

Result<std::optional<domain::Photo>> Photos::find_same(const PersonId& person, ByteView bytes) {
  const std::size_t sealed_size = context_->keys.seal({}, "").size() + bytes.size();
  return read(context_, [&](Connection& db) -> Result<std::optional<domain::Photo>> {
    return same_photo(db, *context_, person, bytes, sealed_size);
  });
}

Result<std::optional<ClaimedPhoto>> Photos::claim_next(std::string_view worker,
                                                       std::chrono::milliseconds lease) {
  using Claim = std::optional<ClaimedPhoto>;  // With the bytes still sealed.
  for (;;) {
    const UnixMillis now = context_->clock->now();
    auto claim = write(context_, [&](Connection& db) -> Result<Claim> {
      refuse_what_ends_processes(db, worker, now);
      const auto row = db.first(kPhotoColumnCount + 2,
                                "select " + std::string(kPhotoColumns) +
                                    ", {hex:bytes}, insisted from photo where status = 'pending'"
                                    " and (claimed_until is null or claimed_until <= :now)"
                                    " order by created_at, id limit 1 {skip locked}",
                                {{"now", now}});
      if (!row) return Claim();
      // A process that claims a photo again has not ended by it: its verdict could not be stored.
      db.execute(
          "update photo set claims = claims + case when claimed_by = :same then 0 else 1 end,"
          " claimed_by = :worker, claimed_until = :until where id = :id",
          {{"same", worker}, {"worker", worker}, {"until", now + lease}, {"id", row->text(0)}});
      return Claim(ClaimedPhoto{photo_of(*row), row->bytes(kPhotoColumnCount),
                                row->integer(kPhotoColumnCount + 1) != 0});
    });
    if (!claim) return claim.error();
    if (!*claim) return std::optional<ClaimedPhoto>();
    auto& [photo, sealed, insisted] = **claim;
    auto bytes = context_->keys.unseal(sealed, photo_binding(photo.id));
    if (bytes) return std::optional(ClaimedPhoto{std::move(photo), std::move(*bytes), insisted});
    if (bytes.error().is(crypto::kWrongKey)) return bytes.error();
    log::warn("store.photo_unreadable", {{"photo", photo.id.str()}});
    const auto refused = refuse(photo.id, worker, "", kUnreadable);
    if (!refused && !refused.error().is(kLeaseLost)) return refused.error();
  }
}

Result<void> Photos::accept(const PhotoId& id, std::string_view worker, std::string_view model,
                            const std::vector<float>& embedding, VectorsSeen seen) {
  return write(context_, [&](Connection& db) -> Result<void> {
    if (auto unchanged = bump_vectors(db, seen); !unchanged) return unchanged.error();
    if (decide(db, id, worker, domain::PhotoStatus::accepted, "", model) == 0) return lease_lost();
    const auto row = db.first(1, "select person_id from photo where id = :id", {{"id", id}});
    const auto person = row->id<PersonId>(0);
    insert_embedding(db, id, person, model,
                     context_->keys.seal(vector_to_bytes(embedding),
                                         embedding_binding(id, model, person)));
    return {};
  });
}

Result<void> Photos::refuse(const PhotoId& id, std::string_view worker, std::string_view model,
                            std::string_view reason, const std::optional<PersonId>& like) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::gallery);
    if (decide(db, id, worker, domain::PhotoStatus::refused, reason, model) == 0) {
      return lease_lost();
    }
    if (like) {
      db.execute("update photo set like_person = :like where id = :id",
                 {{"like", *like}, {"id", id}});
    }
    return {};
  });
}

Result<std::int64_t> Photos::requeue_for_model(std::string_view model) {
  const std::string due =
      " from photo where status <> 'pending' and model <> :model and reason <> 'unreadable'"
      " and not exists (select 1 from embedding e where e.photo_id = photo.id"
      " and e.model = :other_model)";
  // Usually none, and a start should not need SQLite's write lock to find that out.
  const auto any = run(*context_->database, Mode::single, [&](Connection& db) -> Result<bool> {
    return db
        .first(1, "select id" + due + " limit 1", {{"model", model}, {"other_model", model}})
        .has_value();
  });
  if (!any) return any.error();
  if (!*any) return 0;
  return write(context_, [&](Connection& db) -> Result<std::int64_t> {
    bump(db, Revised::gallery);
    return db.execute(
        "update photo set status = 'pending', reason = '', like_person = '', claims = 0,"
        " claimed_by = null, claimed_until = null where id in (select id" +
            due + ")",
        {{"model", model}, {"other_model", model}});
  });
}

Result<std::vector<domain::Photo>> Photos::list(const PersonId& person) {
  return run(*context_->database, Mode::single,
             [&](Connection& db) -> Result<std::vector<domain::Photo>> {
               std::vector<domain::Photo> photos;
               for (const auto& row :
                    db.query(kPhotoColumnCount,
                             "select " + std::string(kPhotoColumns) +
                                 " from photo where person_id = :person order by created_at, id",
                             {{"person", person}})) {
                 photos.push_back(photo_of(row));
               }
               return photos;
             });
}

Result<domain::Photo> Photos::find(const PhotoId& id) {
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<domain::Photo> {
    const auto row = db.first(kPhotoColumnCount,
                              "select " + std::string(kPhotoColumns) + " from photo where id = :id",
                              {{"id", id}});
    if (!row) return no_such_photo();
    return photo_of(*row);
  });
}

Result<Bytes> Photos::bytes(const PhotoId& id) {
  const auto sealed = run(*context_->database, Mode::single, [&](Connection& db) -> Result<Bytes> {
    const auto row = db.first(1, "select {hex:bytes} from photo where id = :id", {{"id", id}});
    if (!row) return no_such_photo();
    return row->bytes(0);
  });
  if (!sealed) return sealed.error();
  return context_->keys.unseal(*sealed, photo_binding(id));
}

Result<void> Photos::remove(const PhotoId& id) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::vectors);
    db.execute("delete from embedding where photo_id = :id", {{"id", id}});
    if (db.execute("delete from photo where id = :id", {{"id", id}}) == 0) return no_such_photo();
    return {};
  });
}

}  // namespace surveillx::store
