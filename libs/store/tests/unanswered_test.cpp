#include "surveillx/test_support/tcp_proxy.hpp"

#include "fixture.hpp"
#include "sql.hpp"

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace surveillx::store {
namespace {

using namespace std::chrono_literals;
using test_support::PostgresServer;
using test_support::TcpProxy;

/// A store on PostgreSQL behind a proxy that can swallow what either side says.
class UnansweredTest : public testing::Test {
 protected:
  void SetUp() override {
    auto* server = PostgresServer::shared();
    if (server == nullptr) GTEST_SKIP() << "no PostgreSQL server on this machine";
    const std::string direct = server->create_database();
    const auto colon = direct.rfind(':');
    const auto slash = direct.find('/', colon);
    proxy_ = std::make_unique<TcpProxy>(
        static_cast<std::uint16_t>(std::stoi(direct.substr(colon + 1, slash - colon - 1))));
    options_.url =
        direct.substr(0, colon + 1) + std::to_string(proxy_->port()) + direct.substr(slash);
    options_.schema = SchemaPolicy::migrate;
    options_.statement_limit = 1s;
  }

  [[nodiscard]] std::shared_ptr<Store> open_store() {
    return Store::open(options_, keys_).value();
  }

  /// How long a call took, and that it failed as a database does that is away.
  template <class Call>
  [[nodiscard]] static std::chrono::milliseconds time_to_fail(Call call) {
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = call();
    EXPECT_FALSE(answer);
    if (!answer) {
      EXPECT_TRUE(answer.error().is(kDatabaseUnavailable)) << answer.error().message;
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begun);
  }

  std::unique_ptr<TcpProxy> proxy_;
  DatabaseOptions options_;
  crypto::KeyRing keys_ = crypto::KeyRing::ephemeral();
};

TEST_F(UnansweredTest, a_statement_whose_answer_is_swallowed_ends_and_the_pool_heals) {
  const auto store = open_store();
  ASSERT_TRUE(store->cameras.add("Door"));
  proxy_->swallow(true);
  // A second and the time for an answer for the statement, then one attempt to connect anew.
  EXPECT_LT(time_to_fail([&] { return store->cameras.list(); }), 15s);
  EXPECT_GT(proxy_->swallowed(), 0u);
  proxy_->swallow(false);
  ASSERT_TRUE(test_support::eventually([&] { return store->cameras.list().has_value(); }));
  EXPECT_EQ(store->cameras.list()->size(), 1u);
}

TEST_F(UnansweredTest, an_answer_cut_in_the_middle_ends_too) {
  const auto store = open_store();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store->cameras.add("Camera " + std::to_string(i)));
  proxy_->swallow_after(200);
  EXPECT_LT(time_to_fail([&] { return store->cameras.list(); }), 15s);
}

TEST_F(UnansweredTest, a_write_in_the_middle_is_not_half_done) {
  const auto store = open_store();
  const auto failed = time_to_fail([&] {
    return run(store->database(), Mode::write, [&](Connection& db) -> Result<void> {
      db.execute("insert into setting (name, value) values ('half', 'done')");
      proxy_->swallow(true);
      db.execute("insert into setting (name, value) values ('other half', 'done')");
      return {};
    });
  });
  EXPECT_LT(failed, 15s);
  proxy_->swallow(false);
  ASSERT_TRUE(test_support::eventually([&] { return store->settings.get("half").has_value(); }));
  EXPECT_EQ(store->settings.get("half").value(), std::nullopt);
}

TEST_F(UnansweredTest, a_server_that_accepts_and_says_nothing_is_given_up) {
  proxy_->swallow(true);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(Database::open(options_).error().is(kDatabaseUnavailable));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 9s);
}

TEST_F(UnansweredTest, many_callers_do_not_queue_up_behind_one_another) {
  options_.connections = 4;
  const auto store = open_store();
  proxy_->swallow(true);
  const auto begun = std::chrono::steady_clock::now();
  std::vector<std::future<bool>> calls;
  for (int i = 0; i < 12; ++i) {
    calls.push_back(
        std::async(std::launch::async, [&] { return store->revision.current().has_value(); }));
  }
  for (auto& call : calls) EXPECT_FALSE(call.get());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 25s);
}

TEST_F(UnansweredTest, a_process_that_ends_waits_for_nothing) {
  options_.statement_limit = 60s;
  const auto store = open_store();
  proxy_->swallow(true);
  const auto ended = [&](auto call) {
    auto pending = std::async(std::launch::async, call);
    // In flight once the proxy has got its bytes.
    EXPECT_TRUE(test_support::eventually([&] { return proxy_->swallowed() > 0; }));
    const auto begun = std::chrono::steady_clock::now();
    store->database().abandon();
    EXPECT_FALSE(pending.get());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  };
  ended([&] { return store->cameras.list().has_value(); });
  EXPECT_LT(time_to_fail([&] { return store->cameras.list(); }), 1s) << "and all later calls";
}

TEST_F(UnansweredTest, a_process_that_ends_leaves_an_attempt_to_connect_behind) {
  // A new connection, while the only one is in use.
  options_.connections = 2;
  const auto store = open_store();
  ASSERT_TRUE(run(store->database(), Mode::single, [&](Connection& db) -> Result<void> {
    db.query(1, "select 1");
    proxy_->swallow(true);
    const auto before = proxy_->connections();
    auto second = std::async(std::launch::async, [&] { return store->cameras.list().has_value(); });
    EXPECT_TRUE(test_support::eventually([&] { return proxy_->connections() > before; }));
    const auto begun = std::chrono::steady_clock::now();
    store->database().abandon();
    EXPECT_FALSE(second.get());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
    return {};
  }));
}

TEST_F(UnansweredTest, limits_are_set_where_the_operator_has_set_none) {
  const auto setting = [](const std::shared_ptr<Store>& store, const char* name) {
    return run(store->database(), Mode::single, [&](Connection& db) -> Result<std::string> {
             return db.first(1, "select current_setting(:name)", {{"name", name}})->text(0);
           })
        .value();
  };
  {
    const auto store = open_store();
    EXPECT_EQ(setting(store, "statement_timeout"), "1s");
    EXPECT_EQ(setting(store, "lock_timeout"), "500ms");
    EXPECT_EQ(setting(store, "idle_in_transaction_session_timeout"), "2s");
    EXPECT_EQ(setting(store, "application_name"), "surveillx");
  }
  options_.url += "?application_name=mine&options=-c%20statement_timeout%3D7000";
  const auto store = open_store();
  EXPECT_EQ(setting(store, "statement_timeout"), "7s");
  EXPECT_EQ(setting(store, "lock_timeout"), "500ms");
  EXPECT_EQ(setting(store, "application_name"), "mine");
}

TEST_F(UnansweredTest, the_longest_call_follows_the_limit_that_statements_really_have) {
  // Four answers of 1 s and 3 s to bring it, beside what is waited for first.
  const auto ours = open_store()->database().longest_call();
  ASSERT_TRUE(ours);
  EXPECT_GT(*ours, options_.lease_timeout + 4 * 4s);
  EXPECT_LT(*ours, 60s);
  const auto plain = options_.url;
  options_.url = plain + "?options=-c%20statement_timeout%3D100000";
  const auto longer = open_store()->database().longest_call();
  ASSERT_TRUE(longer);
  EXPECT_EQ(*longer, *ours + 4 * 99s);
  options_.url = plain + "?options=-c%20statement_timeout%3D0";
  EXPECT_FALSE(open_store()->database().longest_call());
}

}  // namespace
}  // namespace surveillx::store
