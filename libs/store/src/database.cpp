#include "surveillx/store/database.hpp"

#include "surveillx/base/log.hpp"

#include "files.hpp"
#include "migrations.hpp"
#include "postgres_target.hpp"
#include "sql.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace surveillx::store {

namespace {

/// Any fixed number: the lock that migrations of one PostgreSQL database take.
constexpr std::int64_t kMigrationLock = 0x73757276'65696c6c;

/// Whether the file is new. Once a connection is open nothing but SQLite may open it, so it is made
/// here, before the first one, and never again: a file that vanishes later is an error.
Result<bool> make_sqlite_file(const std::filesystem::path& file) {
  if (auto folder = make_private_folder(file.parent_path()); !folder) {
    return Error{kDatabaseUnavailable, "the database has no place: " + folder.error().message};
  }
  const auto made = make_private_file(file);
  if (made) return true;
  if (made.error().is(kAlreadyExists)) return false;
  return Error{kDatabaseUnavailable, "the database " + made.error().message};
}

Result<int> version_in(Connection& connection) {
  const bool lite = connection.kind() == DatabaseKind::sqlite;
  const auto table = connection.first(
      1, lite ? "select name from sqlite_master where type = 'table' and name = 'schema_version'"
              : "select cast(to_regclass('schema_version') as text)");
  if (!table || table->null(0)) return 0;
  const auto row = connection.first(1, "select version from schema_version");
  return row ? static_cast<int>(row->integer(0)) : 0;
}

Error too_new(const std::string& description, int version) {
  return {kSchemaTooNew, "database " + description + " was written by a newer SurveillX (schema " +
                             std::to_string(version) + ", this program knows " +
                             std::to_string(Database::current_schema_version()) +
                             "); install that version or restore an older backup"};
}

}  // namespace

std::string_view to_string(DatabaseKind kind) {
  return kind == DatabaseKind::sqlite ? "sqlite" : "postgresql";
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::shared_ptr<Database>> Database::open(const DatabaseOptions& options) {
  std::unique_ptr<Impl> impl;
  bool existed = false;
  if (is_postgresql(options.url)) {
    auto target = parse_postgres(options.url);
    if (!target) return target.error();
    impl = std::make_unique<Impl>(options, DatabaseKind::postgresql, target->url,
                                  target->description, target->password, target->connect_limit);
  } else if (options.url.empty() || options.url.starts_with("sqlite:")) {
    auto file = sqlite_file(options);
    if (!file) return file.error();
    if (options.schema == SchemaPolicy::create || options.schema == SchemaPolicy::migrate) {
      const auto fresh = make_sqlite_file(*file);
      if (!fresh) return fresh.error();
      existed = !*fresh;
    } else if (std::error_code ignored; !std::filesystem::exists(*file, ignored)) {
      const bool any = options.schema == SchemaPolicy::ignore;
      return Error{any ? kNotFound : kSchemaTooOld,
                   "there is no database " + file->string() +
                       " yet; `surveillx up` or `surveillx db migrate` makes one"};
    }
    impl = std::make_unique<Impl>(options, DatabaseKind::sqlite, file->string(),
                                  "sqlite:" + file->string(), "");
  } else {
    return Error{kBadDatabaseUrl,
                 "database.url must begin with sqlite: or postgresql://, or be left out"};
  }
  std::shared_ptr<Database> database(new Database(std::move(impl)));
  Result<void> ready;
  switch (options.schema) {
    case SchemaPolicy::create:
      ready = database->create_or_check(existed);
      break;
    case SchemaPolicy::require_current:
      ready = database->check_schema();
      break;
    case SchemaPolicy::migrate:
      ready = database->migrate();
      break;
    case SchemaPolicy::ignore:
      ready = database->ping();
      break;
  }
  if (!ready) return ready.error();
  return database;
}

DatabaseKind Database::kind() const { return impl_->kind(); }
const std::string& Database::describe() const { return impl_->description(); }

int Database::current_schema_version() { return static_cast<int>(migrations().size()); }

Result<int> Database::schema_version() { return run(*this, Mode::read, version_in); }

Result<void> Database::check_schema() {
  const auto version = schema_version();
  if (!version) return version.error();
  if (*version > current_schema_version()) return too_new(describe(), *version);
  if (*version < current_schema_version()) {
    return Error{kSchemaTooOld,
                 describe() + " has schema " + std::to_string(*version) + ", this program needs " +
                     std::to_string(current_schema_version()) + "; run `surveillx db migrate`"};
  }
  return {};
}

Result<void> Database::create_or_check(bool existed) {
  // A file that is there and empty is most likely not what its owner thinks it is; or another
  // process is setting it up at this moment, which takes a few milliseconds.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  for (;;) {
    const auto version = schema_version();
    if (!version) return version.error();
    if (*version > 0) return check_schema();
    if (!existed) return migrate();
    if (std::chrono::steady_clock::now() > deadline) return check_schema();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<void> Database::migrate() { return migrate_to(current_schema_version()); }

Result<void> Database::migrate_to(int target) {
  bool changed = false;
  for (;;) {
    // Each version is one transaction that looks at the present version under the lock, so that
    // of two processes the second finds the work done. A new database gets all versions in one:
    // who opens it at this moment finds nothing or everything.
    const auto step = run(*this, Mode::write, [&](Connection& connection) -> Result<int> {
      if (connection.kind() == DatabaseKind::postgresql) {
        connection.take_your_time();
        connection.query(1, "select 1 from pg_advisory_xact_lock(:key)", {{"key", kMigrationLock}});
      }
      const auto version = version_in(connection);
      if (!version) return version.error();
      if (*version > current_schema_version()) return too_new(describe(), *version);
      if (*version >= target) return *version;
      if (*version == 0) {
        connection.execute("create table schema_version (version bigint not null)");
        connection.execute("insert into schema_version (version) values (0)");
      }
      const int last = *version == 0 ? target : *version + 1;
      for (int next = *version; next < last; ++next) {
        for (const auto statement : migrations()[static_cast<std::size_t>(next)]) {
          connection.execute(statement);
        }
      }
      connection.execute("update schema_version set version = :version",
                         {{"version", std::int64_t{last}}});
      changed = true;
      return last;
    });
    if (!step) return step.error();
    if (*step < target) continue;
    if (changed) log::info("database.migrated", {{"database", describe()}, {"schema", *step}});
    return {};
  }
}

std::optional<std::chrono::milliseconds> Database::longest_call() { return impl_->longest_call(); }

void Database::abandon() { impl_->abandon(); }

Result<void> Database::ping() {
  return run(*this, Mode::single, [](Connection& connection) -> Result<void> {
    connection.query(1, "select 1");
    return {};
  });
}

Result<void> Database::check_integrity() {
  if (kind() == DatabaseKind::postgresql) return check_schema();  // The server checks its pages.
  const auto checked = run(*this, Mode::alone, [](Connection& connection) -> Result<void> {
    const auto rows = connection.query(1, "pragma integrity_check");
    if (rows.size() != 1 || rows[0].text(0) != "ok") {
      return Error{kInternal, "the database file is damaged (" +
                                  (rows.empty() ? std::string("no answer") : rows[0].text(0)) +
                                  "); restore a backup with `surveillx db restore`"};
    }
    const auto dangling = connection.query(1, "pragma foreign_key_check");
    if (!dangling.empty()) {
      return Error{kInternal, "rows of " + dangling[0].text(0) + " refer to rows that are gone"};
    }
    return {};
  });
  if (!checked) return checked.error();
  return check_schema();
}

}  // namespace surveillx::store
