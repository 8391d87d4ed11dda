#include "lock_holder.hpp"

#include "surveillx/crypto/token.hpp"

#include "fixture.hpp"
#include "sql.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace surveillx::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;

/// Another program that holds a database's write lock until it is destroyed.
class Holder {
 public:
  explicit Holder(const std::string& file) {
    constexpr const char* kScript =
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('begin immediate')\n"
        "print('held', flush=True)\n"
        "time.sleep(600)\n";
    int said[2];
    if (::pipe(said) != 0) throw std::runtime_error("pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(said[1], STDOUT_FILENO);
      ::execl("/usr/bin/python3", "python3", "-c", kScript, file.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(said[1]);
    char byte = 0;
    const bool held = ::read(said[0], &byte, 1) == 1;
    ::close(said[0]);
    if (!held) throw std::runtime_error("the lock cannot be held");
  }
  ~Holder() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  [[nodiscard]] pid_t pid() const { return child_; }

 private:
  pid_t child_ = -1;
};

class LockedTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.data_dir = dir_.path();
    options_.schema = SchemaPolicy::migrate;
    const auto store = open_store();
    ada_ = store->users.add("ada", domain::Role::admin, "long enough").value();
    options_.schema = SchemaPolicy::require_current;
  }
  [[nodiscard]] std::shared_ptr<Store> open_store() {
    return Store::open(options_, keys_, clock_, crypto::PasswordCost::minimal).value();
  }
  [[nodiscard]] std::string file() const { return dir_.file("surveillx.db"); }

  test_support::TempDir dir_;
  DatabaseOptions options_;
  crypto::KeyRing keys_ = crypto::KeyRing::ephemeral();
  ManualClock clock_;
  domain::User ada_;
};

TEST_F(LockedTest, who_waits_is_told_by_whom_the_lock_is_held_and_gets_it_then) {
  std::string told;
  auto holder = std::make_unique<Holder>(file());
  const std::string who = "another program, python3 (process " + std::to_string(holder->pid()) + ")";
  options_.busy_timeout = 60s;
  options_.on_wait = [&](const std::string& database, const std::string& by) {
    EXPECT_EQ(database, "sqlite:" + file());
    EXPECT_EQ(told, "") << "told once";
    told = by;
    holder.reset();
  };
  const auto store = open_store();
  EXPECT_TRUE(store->cameras.add("Door"));
  EXPECT_EQ(told, who);
}

TEST_F(LockedTest, who_waits_in_vain_hears_the_holder_and_the_remedy) {
  options_.busy_timeout = 50ms;
  const auto store = open_store();
  const Holder holder(file());
  const auto refused = store->cameras.add("Door");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(kDatabaseUnavailable));
  for (const char* word : {"python3", "close it or wait", "try again"}) {
    EXPECT_NE(refused.error().message.find(word), std::string::npos) << refused.error().message;
  }
  EXPECT_NE(refused.error().message.find(std::to_string(holder.pid())), std::string::npos);
}

TEST_F(LockedTest, a_process_that_ends_does_not_wait_for_the_lock) {
  options_.busy_timeout = 24h;
  std::shared_ptr<Store> store;
  options_.on_wait = [&](const std::string&, const std::string&) { store->database().abandon(); };
  store = open_store();
  const Holder holder(file());
  EXPECT_TRUE(store->cameras.add("Door").error().is(kDatabaseUnavailable));
}

TEST_F(LockedTest, signing_in_works_while_the_lock_is_held_and_is_stored_later) {
  const auto store = open_store();
  const auto earlier = store->sessions.create(ada_.id, hours(1)).value();
  std::string hash;
  NewSession session;
  {
    const Holder holder(file());
    ASSERT_TRUE(store->users.verify("ada", "long enough", &hash));
    const auto made = store->sessions.create(ada_.id, hours(1), hash);
    ASSERT_TRUE(made) << made.error().message;
    session = *made;
    for (const auto& token : {earlier.token, session.token}) {
      const auto found = store->sessions.find(token);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->user.username, "ada");
      const std::string id = crypto::token_hash(token);
      EXPECT_TRUE(store->sessions.find_by_id(id));
      EXPECT_TRUE(store->sessions.touch(id, hours(1))) << "a note of the use is left out";
    }
    // Another process does not know it yet.
    EXPECT_FALSE(open_store()->sessions.find(session.token));
  }
  EXPECT_TRUE(test_support::eventually([&] {
    return store->sessions.find(session.token) && open_store()->sessions.find(session.token);
  }));
  EXPECT_TRUE(store->sessions.find(session.token));
}

TEST_F(LockedTest, a_session_that_waits_ends_as_any_other) {
  const auto store = open_store();
  std::string hash;
  ASSERT_TRUE(store->users.verify("ada", "long enough", &hash));
  const auto held = [&] {
    const Holder holder(file());
    return store->sessions.create(ada_.id, hours(1), hash).value().token;
  };
  const std::string signed_out = held();
  ASSERT_TRUE(store->sessions.revoke(crypto::token_hash(signed_out)));
  EXPECT_FALSE(store->sessions.find(signed_out));

  const std::string with_old_password = held();
  ASSERT_TRUE(open_store()->users.set_password(ada_.id, "another password"));
  EXPECT_FALSE(store->sessions.find(with_old_password));
  EXPECT_FALSE(store->sessions.find(with_old_password)) << "and does not come back";

  ASSERT_TRUE(store->users.verify("ada", "another password", &hash));
  const std::string unused = held();
  clock_.advance(hours(1));
  EXPECT_FALSE(store->sessions.find(unused));

  {
    const Holder holder(file());
    EXPECT_TRUE(store->sessions.create(ada_.id, hours(1), "not the hash").error().is(kBadCredentials));
  }
}

TEST(LockHolder, is_another_program_where_nothing_is_known) {
  EXPECT_EQ(lock_holder("/no/such/file", HeldLock::write), "another program");
}

}  // namespace
}  // namespace surveillx::store
