#include "restore.hpp"

#include "files.hpp"
#include "pg_tools.hpp"
#include "sql.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace surveillx::store {

namespace {

namespace fs = std::filesystem;

Error io_error(const fs::path& file, const std::error_code& code) {
  return {kIo, file.string() + ": " + code.message()};
}

Error in_use(const std::string& database) {
  return {kUnavailable, database + " is in use; stop `surveillx up` before a restore"};
}

/// The counters of the revision row, and since which schema each is there.
struct Counter {
  const char* name;
  int since;
};
constexpr std::array<Counter, 5> kCounters{
    {{"gallery", 1}, {"cameras", 1}, {"access", 1}, {"attendance", 3}, {"vectors", 3}}};
using Counts = std::map<std::string, std::int64_t>;

/// Everybody signs in again, since a session that ended after the backup was made must not come
/// back; and whoever polls revisions sees a change, whatever the backup's counters say.
Result<void> start_afresh(Database& restored, const Counts& before) {
  const auto version = restored.schema_version();
  if (!version) return version.error();
  return run(restored, Mode::write, [&](Connection& db) -> Result<void> {
    db.execute("delete from web_session");
    for (const auto& [name, since] : kCounters) {
      if (*version < since) continue;
      const std::string column(name);
      const auto row = db.first(1, "select " + column + " from revision where id = 1");
      if (!row) return Error{kInvalidArgument, "the backup has no revision row"};
      const auto known = before.find(column);
      const std::int64_t least = known == before.end() ? 0 : known->second;
      db.execute("update revision set " + column + " = :next where id = 1",
                 {{"next", std::max(least, row->integer(0)) + 1}});
    }
    return {};
  });
}

/// A database for this process alone, by SQLite's own lock, until it is destroyed. Folds the
/// write-ahead log into the file and removes it first. Nothing may open and close the file by hand
/// meanwhile.
class Alone {
 public:
  /// Nothing when the file is so damaged that SQLite does not take it for a database: then nobody
  /// can be using it either. Errors: `unavailable` when somebody is.
  static Result<std::optional<Alone>> take(const fs::path& file) {
    sqlite3* raw = nullptr;
    int code = sqlite3_open_v2(existing_file_uri(file).c_str(), &raw,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, nullptr);
    Alone alone(raw);
    sqlite3_busy_timeout(raw, 1000);
    // Leaving the log is possible only for the last user; one who comes between the two statements
    // turns it on again, which the third notices under the lock.
    for (const char* sql : {"pragma journal_mode = delete", "begin exclusive"}) {
      if (code == SQLITE_OK) code = sqlite3_exec(raw, sql, nullptr, nullptr, nullptr);
    }
    const auto mode = code == SQLITE_OK ? alone.row("pragma journal_mode") : std::nullopt;
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) return std::optional<Alone>();
    if (!mode || *mode != std::vector<std::string>{"delete"}) {
      const bool busy = code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED;
      if (busy) return in_use("sqlite:" + file.string());
      return Error{kDatabaseUnavailable, "sqlite:" + file.string() + ": " + sqlite3_errmsg(raw)};
    }
    return std::optional(std::move(alone));
  }

  /// As far as the file can be read.
  [[nodiscard]] Counts counts() const {
    Counts counts;
    for (const auto& [name, since] : kCounters) {
      const auto cells = row(("select " + std::string(name) + " from revision").c_str());
      if (cells) counts[name] = std::strtoll(cells->at(0).c_str(), nullptr, 10);
    }
    return counts;
  }

 private:
  explicit Alone(sqlite3* db) : db_(db) {}

  [[nodiscard]] std::optional<std::vector<std::string>> row(const char* sql) const {
    sqlite3_stmt* statement = nullptr;
    std::optional<std::vector<std::string>> cells;
    if (sqlite3_prepare_v2(db_.get(), sql, -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      cells.emplace();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* text = sqlite3_column_text(statement, i);
        cells->emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
      }
    }
    sqlite3_finalize(statement);
    return cells;
  }

  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

/// Makes `incoming` a database that can take the other's place: a SurveillX database of a version
/// this program can use, undamaged, without sessions, in one file and on the disk.
Result<void> prepare(const fs::path& incoming, const Counts& before) {
  DatabaseOptions options;
  options.url = "sqlite:" + incoming.string();
  options.connections = 1;
  options.schema = SchemaPolicy::ignore;
  {
    const auto opened = Database::open(options);
    if (!opened) return Error{kInvalidArgument, "the backup is no SQLite database"};
    Database& database = **opened;
    const auto version = database.schema_version();
    if (!version || *version == 0) {
      return Error{kInvalidArgument, "the file is no backup of SurveillX"};
    }
    if (*version > Database::current_schema_version()) {
      return Error{kSchemaTooNew, "the backup was made by a newer SurveillX"};
    }
    const auto sound = database.check_integrity();
    if (!sound && !sound.error().is(kSchemaTooOld)) return sound.error();
    if (auto done = start_afresh(database, before); !done) return done;
    const auto folded = run(database, Mode::alone, [](Connection& db) -> Result<void> {
      const auto mode = db.first(1, "pragma journal_mode = delete");
      if (!mode || mode->text(0) != "delete") return Error{kIo, "the copy cannot be finished"};
      return {};
    });
    if (!folded) return folded;
  }
  return sync_path(incoming);
}

void remove_with_logs(const fs::path& file) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    fs::remove(file.string() + suffix, ignored);
  }
}

/// The present database gets a second name, then the new one takes its first: two steps, each whole
/// or not done, and the old file is there under one name or the other throughout.
Result<void> take_place(const fs::path& incoming, const fs::path& target, bool damaged,
                        const AtStep& at_step) {
  std::error_code code;
  const fs::path kept = target.string() + ".before-restore";
  const fs::path second_name = kept.string() + ".new";
  fs::remove(second_name, code);
  fs::create_hard_link(target, second_name, code);
  if (code) return io_error(second_name, code);
  at_step("linked");
  remove_with_logs(kept);
  fs::rename(second_name, kept, code);
  if (code) return io_error(kept, code);
  at_step("kept");
  // A sound database has no log any more. What a damaged one could not take in goes with it.
  for (const char* suffix : {"-wal", "-journal"}) {
    const fs::path log = target.string() + suffix;
    if (!fs::exists(log, code)) continue;
    if (damaged) {
      fs::rename(log, kept.string() + suffix, code);
    } else {
      fs::remove(log, code);
    }
    if (code) return io_error(log, code);
  }
  fs::remove(target.string() + "-shm", code);
  if (auto synced = sync_path(target.parent_path()); !synced) return synced;
  at_step("logs removed");
  fs::rename(incoming, target, code);
  if (code) return io_error(target, code);
  at_step("renamed");
  return sync_path(target.parent_path());
}

}  // namespace

Result<void> restore_sqlite(const DatabaseOptions& options, const fs::path& backup,
                            const AtStep& at_step) {
  const auto named = sqlite_file(options);
  if (!named) return named.error();
  const fs::path target = fs::absolute(*named);
  const AtStep step = at_step ? at_step : [](std::string_view) {};
  std::error_code code;
  const bool replaces = fs::exists(target, code);
  if (replaces && fs::equivalent(backup, target, code)) {
    return Error{kInvalidArgument, "this is the database itself, not a backup"};
  }
  if (const fs::path log = backup.string() + "-wal"; fs::exists(log, code)) {
    if (fs::file_size(log, code) > 0) {
      return Error{kInvalidArgument, log.string() + " lies beside it, so this is a database in use " +
                                         "or one that was cut off, not a backup; `surveillx db "
                                         "backup` makes one"};
    }
  }
  Result<std::optional<Alone>> alone = std::optional<Alone>();
  if (replaces) {
    alone = Alone::take(target);
    if (!alone) return alone.error();
  } else if (auto folder = make_private_folder(target.parent_path()); !folder) {
    return folder.error();
  }
  step("alone");

  // Worked on as a copy: opening the backup itself would leave files beside it.
  const fs::path incoming = target.string() + ".incoming";
  remove_with_logs(incoming);
  if (auto made = make_private_file(incoming); !made) return made.error();
  fs::copy_file(backup, incoming, fs::copy_options::overwrite_existing, code);
  Result<void> done;
  if (code) done = io_error(backup, code);
  // copy_file() takes the backup's mode along.
  if (done) {
    fs::permissions(incoming, fs::perms::owner_read | fs::perms::owner_write, code);
    if (code) done = io_error(incoming, code);
  }
  step("copied");
  if (done) done = prepare(incoming, *alone ? (*alone)->counts() : Counts());
  step("prepared");
  if (done && replaces) {
    done = take_place(incoming, target, !*alone, step);
  } else if (done) {
    // Fails when somebody has made a database here meanwhile.
    fs::create_hard_link(incoming, target, code);
    done = code ? Result<void>(io_error(target, code)) : sync_path(target.parent_path());
  }
  remove_with_logs(incoming);
  return done;
}

namespace {

/// Other programs of ours that use this database now.
Result<std::int64_t> others(Database& database) {
  return run(database, Mode::single, [](Connection& db) -> Result<std::int64_t> {
    return db
        .first(1,
               "select count(*) from pg_stat_activity where datname = current_database()"
               " and pid <> pg_backend_pid() and application_name = 'surveillx'")
        ->integer(0);
  });
}

/// `pg_restore`'s list of contents without the sessions, so that they end with the restore itself.
Result<void> write_list(const fs::path& backup, const fs::path& list, const std::string& password) {
  if (auto listed = run_tool({"pg_restore", "--list", "-f", list.string(), backup.string()}, password);
      !listed) {
    return listed;
  }
  std::ifstream in(list);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    if (line.find(" TABLE DATA ") != std::string::npos &&
        line.find(" web_session ") != std::string::npos) {
      continue;
    }
    kept += line + "\n";
  }
  in.close();
  std::ofstream out(list, std::ios::trunc);
  out << kept;
  out.close();
  if (!out) return Error{kIo, list.string() + ": cannot be written"};
  return {};
}

Result<void> restore_postgresql(DatabaseOptions options, const fs::path& backup) {
  options.connections = 1;
  options.schema = SchemaPolicy::ignore;
  const auto opened = Database::open(options);
  if (!opened) return opened.error();
  Database& database = **opened;
  const auto users = others(database);
  if (!users) return users.error();
  if (*users > 0) return in_use(database.describe());
  Counts before;
  if (const auto version = database.schema_version(); version && *version > 0) {
    for (const auto& [name, since] : kCounters) {
      if (*version < since) continue;
      const auto count = run(database, Mode::single, [&](Connection& db) -> Result<std::int64_t> {
        const auto row = db.first(1, "select " + std::string(name) + " from revision");
        return row ? row->integer(0) : 0;
      });
      if (count) before[name] = *count;
    }
  }
  auto& impl = database.impl();
  std::string folder = (fs::temp_directory_path() / "surveillx-restore-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return Error{kIo, folder + ": " + std::generic_category().message(errno)};
  }
  const fs::path list = fs::path(folder) / "contents";
  Result<void> done = write_list(backup, list, impl.password());
  if (done) {
    done = run_tool({"pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction",
                     "--no-password", "--use-list=" + list.string(),
                     "--dbname=" + without_password(impl.target()), backup.string()},
                    impl.password());
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (!done) return done;
  return start_afresh(database, before);
}

}  // namespace

Result<void> restore_database(const DatabaseOptions& options, const fs::path& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) {
    return Error{kNotFound, file.string() + " is no file"};
  }
  return is_postgresql(options.url) ? restore_postgresql(options, file)
                                    : restore_sqlite(options, file);
}

}  // namespace surveillx::store
