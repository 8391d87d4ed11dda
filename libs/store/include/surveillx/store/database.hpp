#pragma once

#include "surveillx/base/error.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::store {

/// The database cannot be opened or reached (a missing server, a folder that cannot be written, a
/// file that is no database, all connections in use). Trying again later may help.
inline constexpr ErrorName kDatabaseUnavailable{"database_unavailable"};
/// `database.url` is neither `sqlite:PATH` nor `postgresql://...`.
inline constexpr ErrorName kBadDatabaseUrl{"bad_database_url"};
/// The database needs `surveillx db migrate`; nothing was changed.
inline constexpr ErrorName kSchemaTooOld{"schema_too_old"};
/// A newer program has written this database.
inline constexpr ErrorName kSchemaTooNew{"schema_too_new"};

enum class DatabaseKind { sqlite, postgresql };

/// What to do about the schema's version when opening.
enum class SchemaPolicy {
  require_current,  ///< Refuse an older one (`schema_too_old`) and a newer one (`schema_too_new`).
  /// Set up a SQLite file that does not exist yet or an empty PostgreSQL database; otherwise as
  /// `require_current`. For the command line, which may come before the first `surveillx up`.
  create,
  migrate,  ///< Bring an older one up to date under a lock; refuse a newer one.
  /// Look at nothing: for `db check`, `backup` and tests. `not_found` when there is no SQLite file.
  ignore,
};

struct DatabaseOptions {
  /// `sqlite:PATH`, `postgresql://...` (or `postgres://`), or empty for `data_dir/surveillx.db`.
  std::string url;
  std::filesystem::path data_dir;
  SchemaPolicy schema = SchemaPolicy::require_current;
  std::size_t connections = 4;                      ///< At most this many at once.
  std::chrono::milliseconds busy_timeout{5'000};    ///< Waiting for SQLite's write lock.
  std::chrono::milliseconds lease_timeout{10'000};  ///< Waiting for a free connection.
  /// How long PostgreSQL may take for one statement, and a lock for half of it, unless the address,
  /// the role or the server sets `statement_timeout` and `lock_timeout`. A connection that gives no
  /// answer for a little longer is taken for dead.
  std::chrono::milliseconds statement_limit{10'000};
  /// Told once a wait for SQLite's lock that lasts longer than a second, on the thread that waits:
  /// `describe()` and who holds the lock. Not set: it is logged.
  std::function<void(const std::string& database, const std::string& holder)> on_wait;
};

/// A bounded pool of connections to SQLite (WAL, foreign keys on) or PostgreSQL, with one set of
/// migrations. A connection that a server restart has broken is opened again at its next use.
/// Thread-safe; calls block, so they belong on a worker pool. Shared by the repositories; SOCI
/// stays inside.
class Database {
 public:
  /// Errors: `bad_database_url`, `database_unavailable`, `schema_too_old`, `schema_too_new`.
  /// Messages show `describe()`, never a password.
  [[nodiscard]] static Result<std::shared_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] DatabaseKind kind() const;
  /// The address without password and parameters, for logs and people.
  [[nodiscard]] const std::string& describe() const;
  /// 0 for an empty database.
  [[nodiscard]] Result<int> schema_version();
  [[nodiscard]] static int current_schema_version();
  /// Errors: `schema_too_old`, `schema_too_new`, `database_unavailable`.
  [[nodiscard]] Result<void> check_schema();
  /// Runs the missing migrations in one transaction each, under a lock that other processes
  /// respect (SQLite: `begin immediate`; PostgreSQL: an advisory lock). Repeatable.
  [[nodiscard]] Result<void> migrate();
  /// The migrations up to `version` only: for the tests of old schemas.
  [[nodiscard]] Result<void> migrate_to(int version);
  /// One round trip, for `/readyz`. Errors: `database_unavailable`.
  [[nodiscard]] Result<void> ping();
  /// From any thread, for a process that must end: what is in flight fails soon with
  /// `database_unavailable`, and so does all that comes later. Nothing is half done: a transaction
  /// that was not committed is rolled back, if only by the server once it misses us.
  void abandon();
  /// How long a call that is one statement may take at most until it has succeeded or failed: waiting
  /// for a connection, connecting, and each answer at its limit. Nothing where statements have none,
  /// because the address, the role or the server sets `statement_timeout` to 0. Thread-safe.
  [[nodiscard]] std::optional<std::chrono::milliseconds> longest_call();
  /// Structure and references, for `db check`: SQLite's `integrity_check` and `foreign_key_check`.
  [[nodiscard]] Result<void> check_integrity();

  class Impl;  ///< Private to the library's sources.
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  explicit Database(std::unique_ptr<Impl> impl);
  [[nodiscard]] Result<void> create_or_check(bool existed);
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::string_view to_string(DatabaseKind kind);

/// Copies a running database to `file`, which must not exist: SQLite by `VACUUM INTO`, PostgreSQL
/// by `pg_dump -Fc`. The keys are not in it: `keys/master.key` is kept separately, and without it
/// the photos, embeddings and snapshots in the copy cannot be read.
/// Errors: `already_exists`, `not_found` (no `pg_dump`), `io_error`, as `open`.
[[nodiscard]] Result<void> backup_database(const DatabaseOptions& options,
                                           const std::filesystem::path& file);
/// Replaces the database by the copy in `file`, ends every session and moves the revisions on.
/// SQLite: the present file is kept beside it with the suffix `.before-restore`; a crash at any
/// moment leaves the old database or the new one in its place, whole. PostgreSQL: `pg_restore
/// --clean --if-exists --single-transaction`. Errors: `not_found`, `invalid_argument` (not a
/// backup), `unavailable` (in use by a SurveillX process), `io_error`, as `open`.
[[nodiscard]] Result<void> restore_database(const DatabaseOptions& options,
                                            const std::filesystem::path& file);

}  // namespace surveillx::store
