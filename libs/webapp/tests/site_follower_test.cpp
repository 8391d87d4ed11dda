#include "site_follower.hpp"

#include "surveillx/test_support/support.hpp"

#include "scope_of.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>

namespace surveillx::webapp {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;
using testing::ElementsAre;

constexpr const char* kUserPassword = "correct horse battery";

/// The store asks it what time it is in the middle of a look-up.
class FailingClock : public Clock {
 public:
  [[nodiscard]] UnixMillis now() const override {
    if (failing) {
      ++failures;
      throw std::runtime_error("a fault");
    }
    return system_clock().now();
  }
  [[nodiscard]] SteadyTime steady() const override { return system_clock().steady(); }

  std::atomic<bool> failing = false;
  mutable std::atomic<int> failures = 0;
};

/// A database, and a follower whose open sockets are of the sessions in `open_`.
class Following : public testing::Test {
 protected:
  Following() {
    store::DatabaseOptions database;
    database.data_dir = dir_.path();
    database.schema = store::SchemaPolicy::migrate;
    auto opened = store::Store::open(database, keys_, clock_, crypto::PasswordCost::minimal);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    store_ = *opened;
    loop_.start("web");
  }
  ~Following() override {
    loop_.run_sync([this] { follower_.reset(); });
    pool_.stop();
    loop_.stop();
  }

  void start() {
    const auto revisions = store_->revision.current();
    ASSERT_TRUE(revisions);
    start(*revisions);
  }
  /// As if that was the last it knew.
  void start(const store::Revisions& revisions) {
    loop_.run_sync([&] {
      SiteEvents events;
      events.on_cameras = [this](const auto& cameras) {
        const std::lock_guard lock(mutex_);
        cameras_ = cameras;
        order_.emplace_back("cameras");
      };
      events.on_attendance = [](const auto&) {};
      events.sessions = [this](bool all) {
        const std::lock_guard lock(mutex_);
        return all ? open_ : std::vector<std::string>();
      };
      events.on_session = [this](const store::Session& session) {
        const std::lock_guard lock(mutex_);
        roles_.push_back(scope_of(session).role);
        order_.emplace_back("session");
      };
      events.on_session_ended = [this](const std::string& id) {
        const std::lock_guard lock(mutex_);
        ended_.push_back(id);
        order_.emplace_back("session_ended");
        std::erase(open_, id);
      };
      events.on_gallery = [this](std::int64_t) {
        const std::lock_guard lock(mutex_);
        ++galleries_;
      };
      follower_ = std::make_shared<SiteFollower>(loop_, pool_, store_, std::move(events));
      follower_->start(revisions, 10ms);
    });
  }
  /// A session of a user of that role, with an open socket.
  store::Session sign_in(const char* name, domain::Role role) {
    const auto user = store_->users.add(name, role, kUserPassword);
    EXPECT_TRUE(user) << (user ? "" : user.error().message);
    const auto made = store_->sessions.create(user->id, std::chrono::hours(1));
    EXPECT_TRUE(made);
    auto session = store_->sessions.find(made->token);
    EXPECT_TRUE(session);
    const std::lock_guard lock(mutex_);
    open_.push_back(session->id);
    return *session;
  }
  [[nodiscard]] std::vector<domain::Role> roles() {
    const std::lock_guard lock(mutex_);
    return roles_;
  }
  [[nodiscard]] std::vector<std::string> ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  test_support::TempDir dir_;
  crypto::KeyRing keys_ = crypto::KeyRing::ephemeral();
  FailingClock clock_;
  std::shared_ptr<store::Store> store_;
  net::EventLoop loop_;
  WorkerPool pool_{"follow", 1, 16};
  std::shared_ptr<SiteFollower> follower_;
  std::mutex mutex_;  ///< The loop writes what the test reads.
  std::vector<std::string> open_;
  std::vector<domain::Role> roles_;
  std::vector<std::string> ended_;
  std::vector<domain::Camera> cameras_;
  std::vector<std::string> order_;  ///< Of what was told.
  int galleries_ = 0;
};

TEST_F(Following, another_role_reaches_open_sockets) {
  ASSERT_TRUE(
      store_->users.add("root", domain::Role::admin, kUserPassword));  // There has to be one.
  const auto session = sign_in("ada", domain::Role::viewer);
  start();
  ASSERT_TRUE(store_->users.set_role(session.user.id, domain::Role::operator_));
  EXPECT_TRUE(eventually([&] {
    const auto seen = roles();
    return !seen.empty() && seen.back() == domain::Role::operator_;
  }));
  EXPECT_TRUE(ended().empty());
}

TEST_F(Following, a_session_that_was_ended_is_told_and_others_go_on) {
  const auto ada = sign_in("ada", domain::Role::viewer);
  const auto ben = sign_in("ben", domain::Role::viewer);
  start();
  ASSERT_TRUE(store_->users.set_password(ada.user.id, "another long password"));
  ASSERT_TRUE(eventually([&] { return !ended().empty(); }));
  EXPECT_THAT(ended(), ElementsAre(ada.id));
}

TEST_F(Following, sessions_are_looked_at_when_asked_though_nothing_has_changed) {
  (void)sign_in("ada", domain::Role::viewer);
  start();
  loop_.run_sync([this] { follower_->check_sessions(); });
  EXPECT_TRUE(eventually([&] { return !roles().empty(); }));
}

TEST_F(Following, an_exception_in_a_look_is_a_look_that_is_made_again) {
  (void)sign_in("ada", domain::Role::viewer);
  start();
  clock_.failing = true;
  loop_.run_sync([this] { follower_->check_sessions(); });
  ASSERT_TRUE(eventually([&] { return clock_.failures > 1; }));
  EXPECT_TRUE(roles().empty());
  EXPECT_TRUE(ended().empty()) << "not known is not ended";
  clock_.failing = false;
  EXPECT_TRUE(eventually([&] { return !roles().empty(); }));
}

TEST_F(Following, who_may_see_is_told_before_what_there_is_to_see) {
  (void)sign_in("ada", domain::Role::viewer);
  const auto ben = sign_in("ben", domain::Role::viewer);
  const auto before = store_->revision.current();
  ASSERT_TRUE(before);
  ASSERT_TRUE(store_->cameras.add("Entrance"));
  ASSERT_TRUE(store_->users.set_password(ben.user.id, "another long password"));
  start(*before);  // One look finds all of it.
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex_);
    return !cameras_.empty();
  }));
  const std::lock_guard lock(mutex_);
  ASSERT_GE(order_.size(), 3);
  order_.resize(3);
  EXPECT_THAT(order_, ElementsAre("session", "session_ended", "cameras"));
}

TEST_F(Following, a_new_camera_is_told_and_media_has_to_look_too) {
  start();
  const auto added = store_->cameras.add("Entrance");
  ASSERT_TRUE(added);
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex_);
    return cameras_.size() == 1 && cameras_[0].id == added->camera.id && galleries_ > 0;
  }));
}

}  // namespace
}  // namespace surveillx::webapp
