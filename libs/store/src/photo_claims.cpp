#include "surveillx/base/log.hpp"
#include "surveillx/store/people.hpp"

#include "blobs.hpp"
#include "photo_row.hpp"
#include "sql.hpp"

// The photos that wait for a verdict: claims, and how they end.
namespace surveillx::store {
namespace {

/// Processes that may end while they examine one photo.
constexpr std::int64_t kMaxClaims = 2;
constexpr std::string_view kUnreadable = "unreadable";

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

Error lease_lost() {
  return {kLeaseLost, "the photo was removed, or another worker examines it now"};
}

}  // namespace

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

}  // namespace surveillx::store
