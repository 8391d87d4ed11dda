#include "surveillx/base/log.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/store/users.hpp"

#include "held_sessions.hpp"
#include "sql.hpp"

#include <algorithm>

namespace surveillx::store {

namespace {

/// How long a sign-in waits for SQLite's write lock, and a note of a session's use.
constexpr std::chrono::milliseconds kSignInPatience{1'000};
constexpr std::chrono::milliseconds kTouchPatience{200};

Error no_such_session() { return {kNotFound, "the session has ended"}; }

void insert_session(Connection& db, std::string_view id, const HeldSession& session) {
  db.execute(
      "insert into web_session (id, user_id, created_at, last_used_at, expires_at)"
      " values (:id, :user_id, :created_at, :used_at, :expires_at)",
      {{"id", id},
       {"user_id", session.user},
       {"created_at", session.created_at},
       {"used_at", session.last_used_at},
       {"expires_at", session.expires_at}});
}

/// The hash that a session is made for: the user's, when it is still the one that was verified.
Result<std::string> current_hash(Connection& db, const UserId& user, std::string_view verified) {
  const auto row = db.first(
      1, "select password_hash from user_account where id = :id {for update}", {{"id", user}});
  if (!row) return Error{kNotFound, "there is no such user"};
  if (!verified.empty() && row->text(0) != verified) {
    return Error{kBadCredentials, "the password was changed meanwhile"};
  }
  return row->text(0);
}

}  // namespace

Result<NewSession> Sessions::create(const UserId& user, const SessionLifetime& lifetime,
                                    std::string_view verified_hash) {
  const UnixMillis now = context_->clock->now();
  NewSession session{.token = crypto::random_token(),
                     .csrf_token = "",
                     .expires_at = now + std::min(lifetime.unused, lifetime.in_all)};
  session.csrf_token = crypto::derived_token(session.token, "csrf");
  const std::string id = crypto::token_hash(session.token);
  HeldSession stored{.user = user,
                     .password_hash = "",
                     .created_at = now,
                     .last_used_at = now,
                     .expires_at = session.expires_at};
  bool locked = false;
  const auto created = write(
      context_,
      [&](Connection& db) -> Result<void> {
        const auto hash = current_hash(db, user, verified_hash);
        if (!hash) return hash.error();
        insert_session(db, id, stored);
        return {};
      },
      {.patience = kSignInPatience, .locked = &locked});
  if (created) return session;
  if (!locked) return created.error();

  const auto hash = run(*context_->database, Mode::single, [&](Connection& db) {
    return current_hash(db, user, verified_hash);
  });
  if (!hash) return hash.error();
  stored.password_hash = *hash;
  if (!context_->held_sessions->add(id, stored)) return created.error();
  log::warn("auth.session_waits_for_database", {{"reason", created.error().message}});
  return session;
}

Result<Session> Sessions::find(std::string_view token) {
  return find_by_id(crypto::token_hash(token));
}

Result<Session> Sessions::find_by_id(std::string_view id) {
  auto stored = find_stored(id);
  if (stored || !stored.error().is(kNotFound)) return stored;
  return find_held(std::string(id));
}

Result<Session> Sessions::find_stored(std::string_view id) {
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

/// A session of this process that waits for the database, which it goes to now if it can.
Result<Session> Sessions::find_held(const std::string& id) {
  const auto held = context_->held_sessions->find(id);
  if (!held) return no_such_session();
  // As `users passwd` or `users remove` of another process would have ended it.
  const auto user =
      run(*context_->database, Mode::single, [&](Connection& db) -> Result<domain::User> {
        const auto row = db.first(4,
                                  "select username, role, created_at, password_hash"
                                  " from user_account where id = :id",
                                  {{"id", held->user}});
        if (!row || row->text(3) != held->password_hash) return no_such_session();
        return domain::User{
            .id = held->user,
            .username = row->text(0),
            .role = domain::parse_role(row->text(1)).value_or(domain::Role::viewer),
            .created_at = row->time(2)};
      });
  if (!user && !user.error().is(kNotFound)) return user.error();
  if (!user || held->expires_at <= context_->clock->now()) {
    context_->held_sessions->remove(id);
    return no_such_session();
  }
  if (context_->held_sessions->worth_a_try()) {
    const auto stored = write(
        context_,
        [&](Connection& db) -> Result<void> {
          // Looked at under the lock: one that was ended meanwhile must not come back.
          const auto still = context_->held_sessions->find(id);
          if (!still) return no_such_session();
          const auto hash = current_hash(db, still->user, still->password_hash);
          if (!hash) return no_such_session();
          insert_session(db, id, *still);
          return {};
        },
        {.patience = std::chrono::milliseconds(0)});
    if (stored || stored.error().is(kNotFound)) context_->held_sessions->remove(id);
    if (!stored && stored.error().is(kNotFound)) return no_such_session();
  }
  return Session{.id = id,
                 .user = *user,
                 .created_at = held->created_at,
                 .last_used_at = held->last_used_at,
                 .expires_at = held->expires_at};
}

Result<UnixMillis> Sessions::touch(std::string_view id, const SessionLifetime& lifetime) {
  const UnixMillis now = context_->clock->now();
  const auto expiry = [&](UnixMillis created_at) {
    return std::min(now + lifetime.unused, created_at + lifetime.in_all);
  };
  if (auto held = context_->held_sessions->find(id)) {
    held->last_used_at = now;
    held->expires_at = expiry(held->created_at);
    context_->held_sessions->replace(std::string(id), *held);
    return held->expires_at;
  }
  bool locked = false;
  const auto touched = write(
      context_,
      [&](Connection& db) -> Result<UnixMillis> {
        const auto row = db.first(
            1, "select created_at from web_session where id = :id and expires_at > :now",
            {{"id", id}, {"now", now}});
        if (!row) return no_such_session();
        const UnixMillis expires_at = expiry(row->time(0));
        db.execute(
            "update web_session set last_used_at = :used_at, expires_at = :expires_at"
            " where id = :id",
            {{"used_at", now}, {"expires_at", expires_at}, {"id", id}});
        return expires_at;
      },
      {.patience = kTouchPatience, .locked = &locked});
  if (touched || !locked) return touched;
  const auto stored = find_stored(id);
  if (!stored) return stored.error();
  return stored->expires_at;
}

Result<void> Sessions::revoke(std::string_view id) {
  context_->held_sessions->remove(id);
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::access);
    db.execute("delete from web_session where id = :id", {{"id", id}});
    return {};
  });
}

Result<std::int64_t> Sessions::revoke_all(const UserId& user, std::string_view except) {
  context_->held_sessions->remove_if([&](const std::string& id, const HeldSession& session) {
    return session.user == user && id != except;
  });
  return write(context_, [&](Connection& db) -> Result<std::int64_t> {
    bump(db, Revised::access);
    return db.execute("delete from web_session where user_id = :user_id and id <> :except_id",
                      {{"user_id", user}, {"except_id", except}});
  });
}

Result<std::int64_t> Sessions::purge_expired() {
  // Tidying up can wait for another time.
  return write(
      context_,
      [&](Connection& db) -> Result<std::int64_t> {
        return db.execute("delete from web_session where expires_at <= :now",
                          {{"now", context_->clock->now()}});
      },
      {.patience = kTouchPatience});
}

}  // namespace surveillx::store
