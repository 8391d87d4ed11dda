#include "surveillx/store/people.hpp"

#include "blobs.hpp"
#include "photo_row.hpp"
#include "sql.hpp"
#include "text.hpp"

#include <algorithm>

namespace surveillx::store {

namespace {

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

/// Makes a refused photo wait for a verdict again.
void look_again(Connection& db, const PhotoId& id, bool insisted) {
  db.execute(
      "update photo set status = 'pending', reason = '', like_person = '', insisted = :insisted,"
      " claimed_by = null, claimed_until = null where id = :id",
      {{"insisted", std::int64_t{insisted ? 1 : 0}}, {"id", id}});
}

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
