#include "surveillx/store/users.hpp"

#include "surveillx/base/unicode.hpp"
#include "surveillx/crypto/token.hpp"

#include "held_sessions.hpp"
#include "sql.hpp"
#include "text.hpp"

#include <optional>

namespace surveillx::store {

namespace {

constexpr const char* kFirstAdminName = "admin";

domain::User user_of(const Row& row) {
  return {.id = row.id<UserId>(0),
          .username = row.text(1),
          .role = domain::parse_role(row.text(2)).value_or(domain::Role::viewer),
          .created_at = row.time(3)};
}

std::string select(std::string_view rest) {
  return "select id, username, role, created_at from user_account " + std::string(rest);
}

Error no_such_user() { return {kNotFound, "there is no such user"}; }

Result<std::string> clean_username(std::string_view username) {
  constexpr std::size_t kMostCharacters = 64;
  std::string name = unicode::composed(username);
  const std::size_t characters = unicode::length(name);
  if (characters == 0 || characters > kMostCharacters ||
      !unicode::is_identifier(name, "._@-")) {
    return Error{kInvalidArgument,
                 "a user name has 1 to 64 letters, digits or . _ @ -, of one script"};
  }
  return name;
}

void insert_user(Connection& db, const domain::User& user, const std::string& password_hash) {
  db.execute(
      "insert into user_account (id, username, username_key, role, password_hash, created_at)"
      " values (:id, :username, :username_key, :role, :password_hash, :created_at)",
      {{"id", user.id},
       {"username", user.username},
       {"username_key", fold_case(user.username)},
       {"role", domain::to_string(user.role)},
       {"password_hash", password_hash},
       {"created_at", user.created_at}});
}

bool any_user(Connection& db) {
  return db.first(1, "select id from user_account limit 1").has_value();
}

/// The setting that holds the hash of a password that has not been shown to anybody yet.
constexpr const char* kUnseenPassword = "first_password_unseen";

/// Nobody once another password was set.
std::optional<domain::User> user_with_unseen_password(Connection& db) {
  const auto row = db.first(4,
                            select("where password_hash ="
                                   " (select value from setting where name = :name)"),
                            {{"name", kUnseenPassword}});
  if (!row) return std::nullopt;
  return user_of(*row);
}

/// Whether somebody but `id` is an administrator. After bump(): nobody else changes users now.
bool another_admin(Connection& db, const UserId& id) {
  return db
      .first(1, "select id from user_account where role = 'admin' and id <> :id limit 1",
             {{"id", id}})
      .has_value();
}

Error last_admin() {
  return {kLastAdmin, "this is the last administrator; make another user one first"};
}

}  // namespace

Result<domain::User> Users::add(std::string_view username, domain::Role role,
                                std::string_view password) {
  const auto name = clean_username(username);
  if (!name) return name.error();
  const auto hash = crypto::hash_password(password, context_->password_cost);
  if (!hash) return hash.error();
  const domain::User user{.id = UserId::random(),
                          .username = *name,
                          .role = role,
                          .created_at = context_->clock->now()};
  return write(context_, [&](Connection& db) -> Result<domain::User> {
    bump(db, Revised::access);
    if (db.first(1, "select id from user_account where username_key = :key",
                 {{"key", fold_case(*name)}})) {
      return Error{kAlreadyExists, "there is a user '" + *name + "' already"};
    }
    insert_user(db, user, *hash);
    return user;
  });
}

Result<domain::User> Users::verify(std::string_view username, std::string_view password,
                                   std::string* verified_hash) {
  struct Login {
    domain::User user;
    std::string hash;
  };
  const Error refused{kBadCredentials, "the user name or the password is wrong"};
  std::optional<Login> login;
  if (const auto name = clean_username(username)) {
    auto found =
        run(*context_->database, Mode::single, [&](Connection& db) -> Result<std::optional<Login>> {
          const auto row = db.first(5,
                                    "select id, username, role, created_at, password_hash"
                                    " from user_account where username_key = :key",
                                    {{"key", fold_case(*name)}});
          if (!row) return std::optional<Login>();
          return std::optional(Login{user_of(*row), row->text(4)});
        });
    if (!found) return found.error();
    login = std::move(*found);
  }
  if (!login) {
    crypto::verify_nothing(password);
    return refused;
  }
  if (!crypto::verify_password(login->hash, password)) return refused;
  if (verified_hash != nullptr) *verified_hash = login->hash;
  return login->user;
}

Result<domain::User> Users::find(const UserId& id) {
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<domain::User> {
    const auto row = db.first(4, select("where id = :id"), {{"id", id}});
    if (!row) return no_such_user();
    return user_of(*row);
  });
}

Result<domain::User> Users::find_by_name(std::string_view username) {
  const auto name = clean_username(username);
  if (!name) return no_such_user();
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<domain::User> {
    const auto row = db.first(4, select("where username_key = :key"), {{"key", fold_case(*name)}});
    if (!row) return no_such_user();
    return user_of(*row);
  });
}

Result<std::vector<domain::User>> Users::list() {
  return run(*context_->database, Mode::single,
             [](Connection& db) -> Result<std::vector<domain::User>> {
               std::vector<domain::User> users;
               for (const auto& row : db.query(4, select("order by username_key"))) {
                 users.push_back(user_of(row));
               }
               return users;
             });
}

Result<void> Users::set_password(const UserId& id, std::string_view password,
                                 std::string_view keep_session) {
  const auto hash = crypto::hash_password(password, context_->password_cost);
  if (!hash) return hash.error();
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::access);
    if (db.execute("update user_account set password_hash = :hash where id = :id",
                   {{"hash", *hash}, {"id", id}}) == 0) {
      return no_such_user();
    }
    db.execute("delete from web_session where user_id = :id and id <> :keep",
               {{"id", id}, {"keep", std::string(keep_session)}});
    // One that waits for the database knows the password it was made for.
    if (auto held = context_->held_sessions->find(keep_session)) {
      held->password_hash = *hash;
      context_->held_sessions->replace(std::string(keep_session), *held);
    }
    return {};
  });
}

Result<void> Users::set_role(const UserId& id, domain::Role role) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::access);
    if (role != domain::Role::admin && !another_admin(db, id)) return last_admin();
    if (db.execute("update user_account set role = :role where id = :id",
                   {{"role", domain::to_string(role)}, {"id", id}}) == 0) {
      return no_such_user();
    }
    return {};
  });
}

Result<void> Users::remove(const UserId& id) {
  return write(context_, [&](Connection& db) -> Result<void> {
    bump(db, Revised::access);
    if (!db.first(1, "select id from user_account where id = :id", {{"id", id}})) {
      return no_such_user();
    }
    if (!another_admin(db, id)) return last_admin();
    db.execute("delete from user_account where id = :id", {{"id", id}});
    return {};
  });
}

Result<bool> Users::needs_first_admin() {
  return run(*context_->database, Mode::single, [](Connection& db) -> Result<bool> {
    return !any_user(db) || user_with_unseen_password(db).has_value();
  });
}

Result<std::optional<FirstAdmin>> Users::ensure_first_admin(std::string_view password,
                                                            const Announce& announce) {
  using Maybe = std::optional<FirstAdmin>;
  const auto needed = needs_first_admin();
  if (!needed) return needed.error();
  if (!*needed) return Maybe();  // The usual start pays for no password hash.

  FirstAdmin admin{.user = {.id = UserId::random(),
                            .username = kFirstAdminName,
                            .role = domain::Role::admin,
                            .created_at = context_->clock->now()},
                   .password = password.empty() ? crypto::random_password() : std::string(password),
                   .generated = password.empty()};
  const auto hash = crypto::hash_password(admin.password, context_->password_cost);
  if (!hash) return hash.error();
  auto made = write(context_, [&](Connection& db) -> Result<Maybe> {
    bump(db, Revised::access);
    if (const auto unseen = user_with_unseen_password(db)) {
      // An earlier start was ended before it could show the password: nobody has it.
      db.execute("update user_account set password_hash = :hash where id = :id",
                 {{"hash", *hash}, {"id", unseen->id}});
      admin.user = *unseen;
    } else if (any_user(db)) {
      return Maybe();
    } else {
      insert_user(db, admin.user, *hash);
    }
    db.execute("delete from setting where name = :name", {{"name", kUnseenPassword}});
    if (announce) {
      db.execute("insert into setting (name, value) values (:name, :hash)",
                 {{"name", kUnseenPassword}, {"hash", *hash}});
    }
    return Maybe(admin);
  });
  if (!made || !*made || !announce) return made;
  if (auto shown = announce(**made); !shown) return shown.error();
  const auto seen = write(context_, [&](Connection& db) -> Result<void> {
    db.execute("delete from setting where name = :name", {{"name", kUnseenPassword}});
    return {};
  });
  if (!seen) return seen.error();
  return made;
}

}  // namespace surveillx::store
