#include "restore.hpp"

#include "surveillx/crypto/token.hpp"

#include "fixture.hpp"
#include "sql.hpp"

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace surveillx::store {
namespace {

namespace fs = std::filesystem;

class RestoreTest : public OnBothDatabases {
 protected:
  void SetUp() override {
    OnBothDatabases::SetUp();
    if (IsSkipped()) return;
    backup_ = dir_.file("copy.backup");
    const auto store = open_store();
    user_ = store->users.add("ada", domain::Role::admin, "long enough").value();
    ASSERT_TRUE(store->people.create({.name = "Before", .external_id = "", .group = ""}));
    token_ = store->sessions.create(user_.id, std::chrono::hours(1)).value().token;
    before_ = store->revision.current().value();
    const auto saved = backup_database(options_, backup_);
    if (!saved && saved.error().is(kNotFound)) GTEST_SKIP() << saved.error().message;
    ASSERT_TRUE(saved) << saved.error().message;
    ASSERT_TRUE(store->people.create({.name = "After", .external_id = "", .group = ""}));
    // What has happened since, of which the backup knows nothing.
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(store->cameras.add("Camera " + std::to_string(i)));
    }
    ASSERT_TRUE(store->sessions.revoke(crypto::token_hash(token_)));
    after_ = store->revision.current().value();
  }

  /// "old", "new", or what is wrong.
  [[nodiscard]] std::string content() {
    options_.schema = SchemaPolicy::require_current;
    const auto opened = Store::open(options_, keys_, clock_, crypto::PasswordCost::minimal);
    if (!opened) return opened.error().message;
    if (auto sound = (*opened)->database().check_integrity(); !sound) return sound.error().message;
    const bool old = !(*opened)->people.find_by("After").value().empty();
    const bool any = !(*opened)->people.find_by("Before").value().empty();
    return !any ? "neither" : old ? "old" : "new";
  }

  std::string backup_;
  domain::User user_;
  std::string token_;
  Revisions before_;
  Revisions after_;
};
SURVEILLX_ON_BOTH_DATABASES(RestoreTest);

TEST_P(RestoreTest, ends_every_session_and_moves_every_revision_on) {
  ASSERT_TRUE(restore_database(options_, backup_));
  EXPECT_EQ(content(), "new");
  const auto store = open_store();
  // One that was signed out after the backup must not come back with it.
  EXPECT_TRUE(store->sessions.find(token_).error().is(kNotFound));
  EXPECT_TRUE(store->users.verify("ada", "long enough"));
  const auto now = store->revision.current().value();
  EXPECT_GT(now.gallery, std::max(before_.gallery, after_.gallery));
  EXPECT_GT(now.cameras, std::max(before_.cameras, after_.cameras));
  EXPECT_GT(now.access, std::max(before_.access, after_.access));
  EXPECT_GT(now.attendance, std::max(before_.attendance, after_.attendance));
}

TEST_P(RestoreTest, is_refused_while_the_database_is_in_use) {
  const auto store = open_store();
  const auto refused = restore_database(options_, backup_);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(kUnavailable)) << refused.error().message;
  EXPECT_EQ(store->people.find_by("After").value().size(), 1u);
  EXPECT_TRUE(store->cameras.add("Door")) << "and what is in use goes on";
}

TEST_P(RestoreTest, can_be_taken_back_and_repeated) {
  if (GetParam() == DatabaseKind::postgresql) GTEST_SKIP() << "no copy is kept on the server";
  ASSERT_TRUE(restore_database(options_, backup_));
  ASSERT_EQ(content(), "new");
  const fs::path kept = dir_.path() / "surveillx.db.before-restore";
  ASSERT_TRUE(restore_database(options_, kept));
  EXPECT_EQ(content(), "old");
  ASSERT_TRUE(restore_database(options_, backup_));
  EXPECT_EQ(content(), "new");
  struct stat status {};
  for (const char* name : {"surveillx.db", "surveillx.db.before-restore"}) {
    ASSERT_EQ(::stat(dir_.file(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
  EXPECT_FALSE(fs::exists(dir_.file("surveillx.db.incoming")));
}

TEST_P(RestoreTest, onto_a_machine_that_has_no_database_yet) {
  if (GetParam() == DatabaseKind::postgresql) {
    auto* server = test_support::PostgresServer::shared();
    options_.url = server->create_database();
  } else {
    options_.data_dir = dir_.path() / "another machine";
  }
  ASSERT_TRUE(restore_database(options_, backup_));
  EXPECT_EQ(content(), "new");
}

class SqliteRestoreTest : public RestoreTest {
 protected:
  /// Runs a restore in a process that ends like a power failure after `step`; whether it got there.
  bool crash_after(const std::string& step) {
    const pid_t child = ::fork();
    if (child == 0) {
      (void)restore_sqlite(options_, backup_, [&](std::string_view done) {
        if (done == step) ::_exit(17);
      });
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 17;
  }
};
INSTANTIATE_TEST_SUITE_P(, SqliteRestoreTest, testing::Values(DatabaseKind::sqlite),
                         [](const auto&) { return std::string("sqlite"); });

TEST_P(SqliteRestoreTest, a_crash_at_any_step_leaves_the_old_or_the_new_database_whole) {
  std::vector<std::string> steps;
  {
    const auto spare = dir_.path() / "spare";
    fs::create_directory(spare);
    fs::copy_file(dir_.file("surveillx.db"), spare / "surveillx.db");
    DatabaseOptions elsewhere = options_;
    elsewhere.data_dir = spare;
    ASSERT_TRUE(restore_sqlite(elsewhere, backup_,
                               [&](std::string_view step) { steps.emplace_back(step); }));
  }
  ASSERT_GE(steps.size(), 5u);
  for (const auto& step : steps) {
    ASSERT_TRUE(crash_after(step)) << step;
    const bool there = step == "renamed";
    EXPECT_EQ(content(), there ? "new" : "old") << "after a crash at " << step;
  }
  // And after all of that a restore works as ever.
  ASSERT_TRUE(restore_database(options_, backup_));
  EXPECT_EQ(content(), "new");
}

TEST_P(SqliteRestoreTest, a_log_of_the_old_database_is_never_applied_to_the_new_one) {
  // A server that was killed leaves its log behind.
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = Store::open(options_, keys_, clock_, crypto::PasswordCost::minimal).value();
    for (int i = 0; i < 50; ++i) {
      (void)store->people.create({.name = "In the log", .external_id = "", .group = ""});
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_GT(fs::file_size(dir_.file("surveillx.db-wal")), 0u);
  ASSERT_TRUE(restore_database(options_, backup_));
  EXPECT_EQ(content(), "new");
  EXPECT_TRUE(open_store()->people.find_by("In the log").value().empty());
  // The old one has it all.
  ASSERT_TRUE(restore_database(options_, dir_.path() / "surveillx.db.before-restore"));
  EXPECT_EQ(open_store()->people.find_by("In the log").value().size(), 50u);
}

TEST_P(SqliteRestoreTest, who_waits_for_the_database_meanwhile_gets_the_new_one) {
  std::thread opener;
  std::string found;
  ASSERT_TRUE(restore_sqlite(options_, backup_, [&](std::string_view step) {
    if (step != "prepared") return;
    opener = std::thread([&] {
      DatabaseOptions patient = options_;
      patient.busy_timeout = std::chrono::seconds(30);
      const auto store =
          Store::open(patient, keys_, clock_, crypto::PasswordCost::minimal).value();
      found = store->people.find_by("After").value().empty() ? "new" : "old";
    });
    // It has the old file open by now, and waits for its lock.
    const auto old_inode = [&] {
      struct stat file {};
      ::stat(dir_.file("surveillx.db").c_str(), &file);
      return file.st_ino;
    }();
    EXPECT_TRUE(test_support::eventually([&] {
      int open = 0;
      for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        struct stat file {};
        open += ::stat(entry.path().c_str(), &file) == 0 && file.st_ino == old_inode ? 1 : 0;
      }
      return open >= 2;
    }));
  }));
  opener.join();
  EXPECT_EQ(found, "new");
}

TEST_P(SqliteRestoreTest, a_damaged_database_can_be_replaced) {
  test_support::write_file(dir_.file("surveillx.db"), std::string(8192, 'x'));
  ASSERT_TRUE(restore_database(options_, backup_));
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(test_support::read_file(dir_.file("surveillx.db.before-restore")),
            std::string(8192, 'x'));
}

TEST_P(SqliteRestoreTest, a_database_in_use_is_no_backup) {
  DatabaseOptions other = options_;
  other.data_dir = dir_.path() / "other";
  const auto store = Store::open(other, keys_, clock_, crypto::PasswordCost::minimal).value();
  ASSERT_TRUE(store->cameras.add("Door"));
  const auto refused = restore_database(options_, other.data_dir / "surveillx.db");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(kInvalidArgument)) << refused.error().message;
  EXPECT_EQ(content(), "old");
}

}  // namespace
}  // namespace surveillx::store
