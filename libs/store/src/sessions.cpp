#include "surveillx/crypto/token.hpp"
#include "surveillx/store/users.hpp"

#include "sql.hpp"

namespace surveillx::store {

namespace {

Error no_such_session() { return {kNotFound, "the session has ended"}; }

}  // namespace

Result<NewSession> Sessions::create(const UserId& user, std::chrono::seconds lifetime,
                                    std::string_view verified_hash) {
  const UnixMillis now = context_->clock->now();
  NewSession session{
      .token = crypto::random_token(), .csrf_token = "", .expires_at = now + lifetime};
  session.csrf_token = crypto::derived_token(session.token, "csrf");
  return write(context_, [&](Connection& db) -> Result<NewSession> {
    const auto row = db.first(
        1, "select password_hash from user_account where id = :id {for update}", {{"id", user}});
    if (!row) return Error{kNotFound, "there is no such user"};
    if (!verified_hash.empty() && row->text(0) != verified_hash) {
      return Error{kBadCredentials, "the password was changed meanwhile"};
    }
    db.execute(
        "insert into web_session (id, user_id, created_at, last_used_at, expires_at)"
        " values (:id, :user_id, :created_at, :used_at, :expires_at)",
        {{"id", crypto::token_hash(session.token)},
         {"user_id", user},
         {"created_at", now},
         {"used_at", now},
         {"expires_at", session.expires_at}});
    return session;
  });
}

Result<Session> Sessions::find(std::string_view token) {
  return find_by_id(crypto::token_hash(token));
}

Result<Session> Sessions::find_by_id(std::string_view id) {
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<Session> {
    const auto row = db.first(
        8,
        "select u.id, u.username, u.role, u.created_at, s.id, s.created_at, s.last_used_at,"
        " s.expires_at from web_session s join user_account u on u.id = s.user_id"
        " where s.id = :id and s.expires_at > :now",
        {{"id", id}, {"now", context_->clock->now()}});
    if (!row) return no_such_session();
    return Session{.id = row->text(4),
                   .user = {.id = row->id<UserId>(0),
                            .username = row->text(1),
                            .role = domain::parse_role(row->text(2)).value_or(domain::Role::viewer),
                            .created_at = row->time(3)},
                   .created_at = row->time(5),
                   .last_used_at = row->time(6),
                   .expires_at = row->time(7)};
  });
}

Result<UnixMillis> Sessions::touch(std::string_view id, std::chrono::seconds lifetime) {
  const UnixMillis now = context_->clock->now();
  return write(context_, [&](Connection& db) -> Result<UnixMillis> {
    if (db.execute("update web_session set last_used_at = :used_at, expires_at = :expires_at"
                   " where id = :id and expires_at > :now",
                   {{"used_at", now}, {"expires_at", now + lifetime}, {"id", id}, {"now", now}}) ==
        0) {
      return no_such_session();
    }
    return now + lifetime;
  });
}

Result<void> Sessions::revoke(std::string_view id) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::access);
    db.execute("delete from web_session where id = :id", {{"id", id}});
    return {};
  });
}

Result<std::int64_t> Sessions::revoke_all(const UserId& user, std::string_view except) {
  return write(context_, [&](Connection& db) -> Result<std::int64_t> {
    bump(db, Revised::access);
    return db.execute("delete from web_session where user_id = :user_id and id <> :except_id",
                      {{"user_id", user}, {"except_id", except}});
  });
}

Result<std::int64_t> Sessions::purge_expired() {
  return write(context_, [&](Connection& db) -> Result<std::int64_t> {
    return db.execute("delete from web_session where expires_at <= :now",
                      {{"now", context_->clock->now()}});
  });
}

}  // namespace surveillx::store
