#include "surveillx/store/database.hpp"

#include "surveillx/test_support/support.hpp"

#include "files.hpp"
#include "fixture.hpp"
#include "sql.hpp"

#include <atomic>
#include <filesystem>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace surveillx::store {
namespace {

using test_support::PostgresServer;
using test_support::TempDir;
using test_support::write_file;

class DatabaseTest : public OnBothDatabases {
 protected:
  [[nodiscard]] auto open(SchemaPolicy schema) {
    options_.schema = schema;
    return Database::open(options_);
  }
};
SURVEILLX_ON_BOTH_DATABASES(DatabaseTest);

TEST_P(DatabaseTest, an_empty_database_is_too_old_until_it_is_migrated) {
  const auto refused = open(SchemaPolicy::require_current);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(kSchemaTooOld));
  EXPECT_NE(refused.error().message.find("surveillx db migrate"), std::string::npos);

  ASSERT_TRUE(open(SchemaPolicy::migrate));
  const auto opened = open(SchemaPolicy::require_current);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->schema_version().value(), Database::current_schema_version());
  EXPECT_TRUE((*opened)->migrate());  // Repeatable.
  EXPECT_TRUE((*opened)->check_integrity());
  EXPECT_EQ((*opened)->kind(), GetParam());
}

TEST_P(DatabaseTest, an_empty_database_is_set_up_for_the_command_line) {
  ASSERT_TRUE(open(SchemaPolicy::create));
  EXPECT_TRUE(open(SchemaPolicy::require_current));
}

TEST_P(DatabaseTest, an_older_schema_is_refused_and_migrated_with_its_data) {
  {
    if (GetParam() == DatabaseKind::sqlite) {
      ASSERT_TRUE(make_private_file(dir_.path() / "surveillx.db"));
    }
    const auto database = open(SchemaPolicy::ignore).value();
    ASSERT_TRUE(database->migrate_to(1));
    EXPECT_EQ(database->schema_version().value(), 1);
  }
  options_.schema = SchemaPolicy::ignore;
  {
    const auto store = open_store();
    ASSERT_TRUE(store->people.create({.name = "Ada", .external_id = "", .group = ""}));
  }
  EXPECT_TRUE(open(SchemaPolicy::require_current).error().is(kSchemaTooOld));
  EXPECT_TRUE(open(SchemaPolicy::create).error().is(kSchemaTooOld));
  options_.schema = SchemaPolicy::migrate;
  EXPECT_EQ(open_store()->people.find_by("Ada").value().size(), 1u);
}

TEST_P(DatabaseTest, a_newer_schema_is_refused_by_everything) {
  {
    const auto store = open_store();
    ASSERT_TRUE(store);
  }
  const auto database = open(SchemaPolicy::ignore).value();
  // Written behind the library's back, as a newer program would.
  ASSERT_TRUE(database->migrate());
  ASSERT_TRUE(run(*database, Mode::write, [](Connection& db) -> Result<void> {
    db.execute("update schema_version set version = 999");
    return {};
  }));
  EXPECT_TRUE(open(SchemaPolicy::require_current).error().is(kSchemaTooNew));
  EXPECT_TRUE(open(SchemaPolicy::migrate).error().is(kSchemaTooNew));
}

TEST_P(DatabaseTest, processes_that_migrate_at_once_do_it_once) {
  std::vector<std::string> problems(6);
  {
    options_.schema = SchemaPolicy::migrate;
    std::vector<std::jthread> threads;
    for (auto& problem : problems) {
      threads.emplace_back([&problem, options = options_] {
        const auto opened = Database::open(options);
        problem = opened ? "" : opened.error().message;
      });
    }
  }
  for (const auto& problem : problems) EXPECT_EQ(problem, "");
  EXPECT_TRUE(open(SchemaPolicy::require_current));
}

TEST_P(DatabaseTest, another_key_file_is_noticed_at_once) {
  ASSERT_TRUE(open_store());
  const auto opened =
      Store::open(options_, crypto::KeyRing::ephemeral(), clock_, crypto::PasswordCost::minimal);
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().is(crypto::kWrongKey));
  EXPECT_TRUE(open_store());
}

TEST_P(DatabaseTest, threads_share_one_connection_in_turn) {
  options_.connections = 1;
  options_.lease_timeout = std::chrono::seconds(30);
  const auto store = open_store();
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 20; ++n) failures += store->revision.current() ? 0 : 1;
      });
    }
  }
  EXPECT_EQ(failures, 0);
}

TEST_P(DatabaseTest, a_backup_is_complete_and_restores) {
  auto store = open_store();
  ASSERT_TRUE(store->people.create({.name = "Before", .external_id = "", .group = ""}));
  const std::string backup = dir_.file("copy.backup");
  const auto saved = backup_database(options_, backup);
  if (!saved && saved.error().is(kNotFound)) GTEST_SKIP() << saved.error().message;
  ASSERT_TRUE(saved) << saved.error().message;
  struct stat status {};
  ASSERT_EQ(::stat(backup.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_TRUE(backup_database(options_, backup).error().is(kAlreadyExists));

  ASSERT_TRUE(store->people.create({.name = "After", .external_id = "", .group = ""}));
  if (GetParam() == DatabaseKind::sqlite) {
    const auto in_use = restore_database(options_, backup);
    ASSERT_FALSE(in_use);
    EXPECT_TRUE(in_use.error().is(kUnavailable)) << in_use.error().message;
  }
  store.reset();
  const auto restored = restore_database(options_, backup);
  ASSERT_TRUE(restored) << restored.error().message;
  const auto again = open_store();
  EXPECT_EQ(again->people.find_by("Before").value().size(), 1u);
  EXPECT_TRUE(again->people.find_by("After").value().empty());
}

TEST_P(DatabaseTest, a_file_that_is_no_backup_changes_nothing) {
  {
    const auto store = open_store();
    ASSERT_TRUE(store->people.create({.name = "Ada", .external_id = "", .group = ""}));
  }
  write_file(dir_.file("text"), "not a backup");
  EXPECT_FALSE(restore_database(options_, dir_.file("text")));
  EXPECT_TRUE(restore_database(options_, dir_.file("none")).error().is(kNotFound));
  EXPECT_EQ(open_store()->people.find_by("Ada").value().size(), 1u);
}

TEST(DatabaseUrl, what_is_no_address_is_named) {
  DatabaseOptions options;
  for (const char* url : {"mysql://x", "surveillx.db", "sqlite:", "postgresql://h:notaport/x"}) {
    options.url = url;
    const auto opened = Database::open(options);
    ASSERT_FALSE(opened) << url;
    EXPECT_TRUE(opened.error().is(kBadDatabaseUrl) || opened.error().is(kDatabaseUnavailable))
        << url;
  }
}

TEST(DatabaseUrl, a_password_is_never_shown) {
  DatabaseOptions options;
  for (const char* url :
       {"postgresql://ada:s3cret@127.0.0.1:1/db", "postgresql://ada@127.0.0.1:1/db?password=s3cret",
        "postgresql://ada:s3cret@[::1/db"}) {
    options.url = url;
    const auto opened = Database::open(options);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().message.find("s3cret"), std::string::npos) << opened.error().message;
  }
}

TEST(DatabaseFile, one_that_cannot_be_opened_is_unavailable) {
  TempDir dir;
  DatabaseOptions options;
  options.schema = SchemaPolicy::migrate;
  write_file(dir.file("file"), "x");
  options.url = "sqlite:" + dir.file("file") + "/inside/a.db";  // A file where a folder should be.
  EXPECT_TRUE(Database::open(options).error().is(kDatabaseUnavailable));
  options.url = "sqlite:" + dir.path().string();  // A folder.
  EXPECT_TRUE(Database::open(options).error().is(kDatabaseUnavailable));
  write_file(dir.file("text.db"), std::string(5000, 'x'));  // No database.
  options.url = "sqlite:" + dir.file("text.db");
  const auto opened = Database::open(options);
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().is(kDatabaseUnavailable)) << opened.error().message;
  EXPECT_EQ(test_support::read_file(dir.file("text.db")), std::string(5000, 'x'));
}

TEST(DatabaseFile, an_empty_one_that_was_there_is_not_taken_for_a_new_installation) {
  TempDir dir;
  DatabaseOptions options;
  options.data_dir = dir.path();
  options.schema = SchemaPolicy::create;
  write_file(dir.file("surveillx.db"), "");
  EXPECT_TRUE(Database::open(options).error().is(kSchemaTooOld));
}

TEST(DatabaseFile, belongs_to_its_owner_only) {
  TempDir dir;
  DatabaseOptions options;
  options.data_dir = dir.path() / "fresh folder";
  options.schema = SchemaPolicy::migrate;
  const auto opened = Database::open(options);
  ASSERT_TRUE(opened) << opened.error().message;
  for (const char* name : {"surveillx.db", "surveillx.db-wal"}) {
    struct stat status {};
    ASSERT_EQ(::stat((options.data_dir / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
}

/// The start offsets of the POSIX locks that this process holds on `file`, as the kernel sees them.
std::vector<std::string> locks_held_on(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  std::vector<std::string> found;
  std::istringstream table(test_support::read_file("/proc/locks"));
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, pid, place, start;
    words >> number >> kind >> advisory >> access >> pid >> place >> start;
    const bool ours = kind == "POSIX" && pid == std::to_string(::getpid());
    if (ours && place.ends_with(":" + std::to_string(status.st_ino))) found.push_back(start);
  }
  return found;
}

TEST(DatabaseFile, keeps_its_locks_whatever_else_this_process_does_with_it) {
  TempDir dir;
  DatabaseOptions options;
  options.data_dir = dir.path();
  options.schema = SchemaPolicy::migrate;
  const auto file = dir.path() / "surveillx.db";
  const auto store = Store::open(options, crypto::KeyRing::ephemeral()).value();
  ASSERT_EQ(locks_held_on(file).size(), 1u) << "the lock by which SQLite knows we are there";

  // A second connection of the same pool, opened while the first is in use.
  ASSERT_TRUE(run(store->database(), Mode::read, [&](Connection& db) -> Result<void> {
    db.query(1, "select count(*) from camera");
    EXPECT_TRUE(store->cameras.list());
    return {};
  }));
  EXPECT_EQ(locks_held_on(file).size(), 1u) << "after a second connection";
  for (const auto policy : {SchemaPolicy::create, SchemaPolicy::require_current,
                            SchemaPolicy::migrate, SchemaPolicy::ignore}) {
    options.schema = policy;
    ASSERT_TRUE(Database::open(options));
    EXPECT_EQ(locks_held_on(file).size(), 1u) << "after opening it once more";
  }
  ASSERT_TRUE(store->database().check_integrity());
  EXPECT_EQ(locks_held_on(file).size(), 1u) << "after a check";
  ASSERT_TRUE(backup_database(options, dir.file("copy")));
  EXPECT_EQ(locks_held_on(file).size(), 1u) << "after a backup";
  EXPECT_TRUE(restore_database(options, dir.file("copy")).error().is(kUnavailable));
  EXPECT_TRUE(restore_database(options, file).error().is(kInvalidArgument));
  EXPECT_EQ(locks_held_on(file).size(), 1u) << "after a restore that was refused";
}

TEST(DatabaseFile, one_that_vanishes_is_not_replaced_by_an_empty_one) {
  TempDir dir;
  DatabaseOptions options;
  options.data_dir = dir.path();
  options.schema = SchemaPolicy::migrate;
  const auto store = Store::open(options, crypto::KeyRing::ephemeral()).value();
  std::filesystem::remove(dir.path() / "surveillx.db");
  ASSERT_TRUE(run(store->database(), Mode::read, [&](Connection& db) -> Result<void> {
    db.query(1, "select count(*) from camera");
    const auto second = store->cameras.list();
    EXPECT_TRUE(second.has_error() && second.error().is(kDatabaseUnavailable));
    return {};
  }));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "surveillx.db"));
}

TEST(DatabaseFile, looking_for_one_makes_none) {
  TempDir dir;
  DatabaseOptions options;
  options.data_dir = dir.path() / "data";
  EXPECT_TRUE(Database::open(options).error().is(kSchemaTooOld));
  EXPECT_TRUE(backup_database(options, dir.file("copy")).error().is(kNotFound));
  EXPECT_FALSE(std::filesystem::exists(options.data_dir));
  EXPECT_FALSE(std::filesystem::exists(dir.file("copy")));
}

TEST(DatabaseFile, may_have_any_name) {
  TempDir dir;
  for (const char* name : {"a b", "per%20cent", "what?mode=ro", "#1", "quote\"d", "\xc3\xa4=b"}) {
    DatabaseOptions options;
    options.data_dir = dir.path() / name;
    options.schema = SchemaPolicy::migrate;
    const auto opened = Database::open(options);
    ASSERT_TRUE(opened) << name << ": " << opened.error().message;
    EXPECT_TRUE(std::filesystem::exists(options.data_dir / "surveillx.db-wal")) << name;
    EXPECT_TRUE(backup_database(options, options.data_dir / "copy")) << name;
  }
}

TEST(DatabaseFile, a_writer_that_waits_in_vain_says_unavailable) {
  TempDir dir;
  DatabaseOptions options;
  options.data_dir = dir.path();
  options.schema = SchemaPolicy::migrate;
  options.busy_timeout = std::chrono::milliseconds(50);
  const auto store = Store::open(options, crypto::KeyRing::ephemeral()).value();
  const auto other = Database::open(options).value();
  // Another process, as far as SQLite knows, holds the write lock.
  ASSERT_TRUE(run(*other, Mode::write, [&](Connection&) -> Result<void> {
    const auto added = store->cameras.add("Door");
    EXPECT_FALSE(added);
    EXPECT_TRUE(added.error().is(kDatabaseUnavailable)) << added.error().message;
    EXPECT_TRUE(store->cameras.list());  // Readers go on.
    return {};
  }));
  EXPECT_TRUE(store->cameras.add("Door"));
}

TEST(PostgresRestart, the_pool_heals_by_itself) {
  auto* server = PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "no PostgreSQL server on this machine";
  DatabaseOptions options;
  options.url = server->create_database();
  options.schema = SchemaPolicy::migrate;
  const auto store = Store::open(options, crypto::KeyRing::ephemeral()).value();
  // Several connections, all of which the restart breaks.
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { (void)store->revision.current(); });
  }
  server->stop();
  const auto away = store->cameras.add("Door");
  ASSERT_FALSE(away);
  EXPECT_TRUE(away.error().is(kDatabaseUnavailable)) << away.error().message;
  EXPECT_TRUE(store->database().ping().error().is(kDatabaseUnavailable));
  server->start();
  EXPECT_TRUE(store->cameras.add("Door"));
  server->restart();
  // Neither a read nor a write notices.
  EXPECT_EQ(store->cameras.list().value().size(), 1u);
  EXPECT_TRUE(store->cameras.add("Gate"));
}

}  // namespace
}  // namespace surveillx::store
