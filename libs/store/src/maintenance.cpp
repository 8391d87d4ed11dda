#include "surveillx/store/database.hpp"

#include "files.hpp"
#include "sql.hpp"

#include <libpq-fe.h>

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ;  // NOLINT: POSIX declares it nowhere.

namespace surveillx::store {

namespace {

namespace fs = std::filesystem;

Error io_error(const fs::path& file, const std::string& what) {
  return {kIo, file.string() + ": " + what};
}

/// The address for a command line, where other users could read a password: it goes into the
/// environment.
std::string without_password(const std::string& url) {
  PQconninfoOption* options = PQconninfoParse(url.c_str(), nullptr);
  std::string text;
  for (const PQconninfoOption* o = options; o != nullptr && o->keyword != nullptr; ++o) {
    if (o->val == nullptr || std::string_view(o->keyword) == "password") continue;
    std::string quoted;
    for (const char* c = o->val; *c != '\0'; ++c) {
      if (*c == '\'' || *c == '\\') quoted += '\\';
      quoted += *c;
    }
    text += std::string(o->keyword) + "='" + quoted + "' ";
  }
  PQconninfoFree(options);
  return text;
}

Result<void> run_tool(const std::vector<std::string>& arguments, const std::string& password) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string secret = "PGPASSWORD=" + password;
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("PGPASSWORD=")) environment.push_back(*entry);
  }
  if (!password.empty()) environment.push_back(const_cast<char*>(secret.c_str()));
  environment.push_back(nullptr);

  pid_t child = 0;
  const int spawned =
      ::posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environment.data());
  if (spawned == ENOENT) {
    return Error{kNotFound,
                 arguments[0] + " is not installed; on Debian: apt install postgresql-client"};
  }
  if (spawned != 0) {
    return Error{kIo, arguments[0] + ": " + std::generic_category().message(spawned)};
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error{kIo, arguments[0] + " failed; it says above why"};
  }
  return {};
}

/// Of a database that is there: a copy of nothing is no backup.
Result<std::shared_ptr<Database>> open_unchecked(DatabaseOptions options) {
  if (!is_postgresql(options.url)) {
    const auto file = sqlite_file(options);
    if (!file) return file.error();
    std::error_code ignored;
    if (!fs::exists(*file, ignored)) return Error{kNotFound, "there is no database " + file->string()};
  }
  options.schema = SchemaPolicy::ignore;
  options.connections = 1;
  return Database::open(options);
}

Result<void> sync_file(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced) return io_error(file, "cannot be written to disk");
  return {};
}

/// A SurveillX database of a version this program can use, undamaged.
Result<void> check_sqlite_backup(const fs::path& file) {
  DatabaseOptions options;
  options.url = "sqlite:" + file.string();
  const auto backup = open_unchecked(options);
  if (!backup) return Error{kInvalidArgument, file.string() + " is no SQLite database"};
  const auto version = (*backup)->schema_version();
  if (!version || *version == 0) {
    return Error{kInvalidArgument, file.string() + " is no backup of SurveillX"};
  }
  if (*version > Database::current_schema_version()) {
    return Error{kSchemaTooNew, file.string() + " was made by a newer SurveillX"};
  }
  auto sound = (*backup)->check_integrity();
  if (!sound && !sound.error().is(kSchemaTooOld)) return sound.error();
  return {};
}

Result<void> restore_sqlite(Database& present, const fs::path& file) {
  const fs::path target = present.impl().target();
  std::error_code code;
  if (fs::equivalent(file, target, code)) {
    return Error{kInvalidArgument, "this is the database itself, not a backup"};
  }
  // Leaving WAL needs to be alone with the database, and folds the -wal file into it.
  const auto alone = run(present, Mode::alone, [](Connection& db) -> Result<void> {
    db.execute("pragma busy_timeout = 1000");
    const auto mode = db.first(1, "pragma journal_mode = delete");
    if (!mode || mode->text(0) != "delete") return Error{kUnavailable, ""};
    return {};
  });
  if (!alone) {
    return Error{kUnavailable,
                 present.describe() + " is in use; stop `surveillx up` before a restore"};
  }

  // Checked as a copy: opening the backup itself would leave -wal files beside it.
  const fs::path incoming = target.string() + ".incoming";
  fs::remove(incoming, code);
  if (auto created = make_private_file(incoming); !created) return created.error();
  fs::copy_file(file, incoming, fs::copy_options::overwrite_existing, code);
  if (code) return io_error(file, code.message());
  Result<void> usable = check_sqlite_backup(incoming);
  if (usable) usable = sync_file(incoming);
  if (!usable) {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(incoming.string() + suffix, code);
    return usable;
  }
  fs::permissions(incoming, fs::perms::owner_read | fs::perms::owner_write, code);
  fs::rename(target, target.string() + ".before-restore", code);
  if (!code) fs::rename(incoming, target, code);
  if (code) return io_error(target, code.message());
  return {};
}

}  // namespace

Result<void> backup_database(const DatabaseOptions& options, const fs::path& file) {
  const auto database = open_unchecked(options);
  if (!database) return database.error();
  // A file that cannot be finished is removed again; VACUUM INTO takes an empty one.
  if (auto created = make_private_file(file); !created) return created.error();
  Result<void> done;
  if ((*database)->kind() == DatabaseKind::sqlite) {
    done = run(**database, Mode::alone, [&](Connection& db) -> Result<void> {
      db.execute("vacuum into :file", {{"file", fs::absolute(file).string()}});
      return {};
    });
    if (done) done = sync_file(file);
  } else {
    auto& impl = (*database)->impl();
    done = run_tool({"pg_dump", "-Fc", "--no-password", "-f", file.string(),
                     "--dbname=" + without_password(impl.target())},
                    impl.password());
  }
  if (!done) {
    std::error_code ignored;
    fs::remove(file, ignored);
  }
  return done;
}

Result<void> restore_database(const DatabaseOptions& options, const fs::path& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) {
    return Error{kNotFound, file.string() + " is no file"};
  }
  DatabaseOptions present = options;
  present.schema = SchemaPolicy::ignore;
  present.connections = 1;
  const auto database = Database::open(present);
  if (!database) return database.error();
  if ((*database)->kind() == DatabaseKind::sqlite) return restore_sqlite(**database, file);
  auto& impl = (*database)->impl();
  return run_tool({"pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction",
                   "--no-password", "--dbname=" + without_password(impl.target()), file.string()},
                  impl.password());
}

}  // namespace surveillx::store
