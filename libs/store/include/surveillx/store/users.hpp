#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/store/context.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::store {

/// A wrong user name or a wrong password: which of them is never said.
inline constexpr ErrorName kBadCredentials{"bad_credentials"};
/// The change would leave the installation without an administrator.
inline constexpr ErrorName kLastAdmin{"last_admin"};

struct FirstAdmin {
  domain::User user;
  std::string password;    ///< In clear, to be shown on the terminal once; never log it.
  bool generated = false;  ///< False when the caller gave the password.
};

/// People who may sign in. Changes bump the access revision.
class Users {
 public:
  explicit Users(ContextPtr context) : context_(std::move(context)) {}

  /// User names are 1 to 64 letters and digits of any one script and `. _ @ -`, and unique whatever
  /// the letter case and the spelling (NFKC, case folded).
  /// Errors: `invalid_argument`, `already_exists`, `weak_password`. Hashes: see
  /// crypto/password.hpp.
  [[nodiscard]] Result<domain::User> add(std::string_view username, domain::Role role,
                                         std::string_view password);
  /// Takes the same time for an unknown name as for a wrong password: 50-100 ms of a core and
  /// 64 MB, so the caller bounds how many run at once. `verified_hash`, if any, gets the hash that
  /// the password fits, for Sessions::create. Errors: `bad_credentials`.
  [[nodiscard]] Result<domain::User> verify(std::string_view username, std::string_view password,
                                            std::string* verified_hash = nullptr);
  [[nodiscard]] Result<domain::User> find(const UserId& id);
  [[nodiscard]] Result<domain::User> find_by_name(std::string_view username);
  [[nodiscard]] Result<std::vector<domain::User>> list();
  /// Also revokes all sessions of the user but, if given, the one with id `keep_session`. Errors:
  /// `not_found`, `weak_password`.
  [[nodiscard]] Result<void> set_password(const UserId& id, std::string_view password,
                                          std::string_view keep_session = {});
  /// Errors: `not_found`, `last_admin`.
  [[nodiscard]] Result<void> set_role(const UserId& id, domain::Role role);
  /// Also ends the user's sessions. Errors: `not_found`, `last_admin`.
  [[nodiscard]] Result<void> remove(const UserId& id);
  /// Shows the first administrator's password to a person; an error says that nobody has seen it.
  using Announce = std::function<Result<void>(const FirstAdmin&)>;
  /// Creates the user `admin` when there is no user at all, with `password` or, when that is
  /// empty, with a random one. Nothing when there are users. Safe when several processes do it.
  /// `announce` runs once, when the password counts. Until it has succeeded, which is written down,
  /// the password has been seen by nobody, and the next call gives that user another one: whoever
  /// is killed at any moment locks nobody out.
  [[nodiscard]] Result<std::optional<FirstAdmin>> ensure_first_admin(std::string_view password,
                                                                     const Announce& announce = {});
  /// Whether `ensure_first_admin` has something to do.
  [[nodiscard]] Result<bool> needs_first_admin();

 private:
  ContextPtr context_;
};

/// Both secrets exist in clear only here; the database keeps a hash of the first.
struct NewSession {
  std::string token;       ///< The cookie's value or the bearer token.
  std::string csrf_token;  ///< `crypto::derived_token(token, "csrf")`: what X-CSRF-Token must say.
  UnixMillis expires_at{};
};

struct Session {
  std::string id;  ///< The token's hash: names the session without giving access.
  domain::User user;
  UnixMillis created_at{};
  UnixMillis last_used_at{};
  UnixMillis expires_at{};
};

/// How long a session lasts.
struct SessionLifetime {
  template <class Rep, class Period>
  // NOLINTNEXTLINE(google-explicit-constructor): most give one number.
  SessionLifetime(std::chrono::duration<Rep, Period> when_unused,
                  std::chrono::seconds at_most = std::chrono::hours(24 * 30))
      : unused(when_unused), in_all(at_most) {}
  std::chrono::seconds unused;  ///< It ends when it was not used for so long,
  std::chrono::seconds in_all;  ///< and so long after it began in any case.
};

/// Web sessions. Revocations bump the access revision, so that web drops the sockets of sessions
/// that another process (`users passwd`) has ended.
class Sessions {
 public:
  explicit Sessions(ContextPtr context) : context_(std::move(context)) {}

  /// With `verified_hash`, only while the user's password is still the one that was verified: a
  /// sign-in under way must not outlive a change of the password. While another program holds
  /// SQLite's write lock the session exists in this process only and goes into the database later:
  /// signing in does not wait for the lock. Errors: `not_found` (the user), `bad_credentials`.
  [[nodiscard]] Result<NewSession> create(const UserId& user, const SessionLifetime& lifetime,
                                          std::string_view verified_hash = {});
  /// The session this token opens. Errors: `not_found` when unknown, expired or revoked.
  [[nodiscard]] Result<Session> find(std::string_view token);
  /// The same by `Session::id`, for sockets that are checked again after an access revision.
  [[nodiscard]] Result<Session> find_by_id(std::string_view id);
  /// Notes the use and moves the expiry to `lifetime.unused` from now, but not beyond
  /// `lifetime.in_all` from the session's begin; says when it expires now. Left out while another
  /// program holds SQLite's write lock. Cheap to skip: call it at most once a minute a session.
  /// Errors: `not_found`.
  [[nodiscard]] Result<UnixMillis> touch(std::string_view id, const SessionLifetime& lifetime);
  /// Ends one session by `Session::id`; unknown ones are ignored.
  [[nodiscard]] Result<void> revoke(std::string_view id);
  /// Ends all sessions of a user but, if given, the one with id `except`; says how many.
  [[nodiscard]] Result<std::int64_t> revoke_all(const UserId& user, std::string_view except = {});
  [[nodiscard]] Result<std::int64_t> purge_expired();

 private:
  [[nodiscard]] Result<Session> find_stored(std::string_view id);
  [[nodiscard]] Result<Session> find_held(const std::string& id);

  ContextPtr context_;
};

}  // namespace surveillx::store
