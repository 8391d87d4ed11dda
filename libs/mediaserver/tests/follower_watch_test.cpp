#include "follower_watch.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace surveillx::mediaserver {
namespace {

using namespace std::chrono_literals;

class FollowerWatchTest : public testing::Test {
 protected:
  double since_look() {
    return metrics_
        .gauge("database_follower_seconds_since_look",
               "Since the thread that follows the database last asked for all of it, in vain or not")
        .value();
  }

  ManualClock clock_;
  telemetry::Metrics metrics_;
  std::optional<std::chrono::milliseconds> call_ = 70s;
  FollowerPulse revisions_{[this] { return call_; }, clock_};
  FollowerPulse photos_{{}, clock_};
  FollowerWatch watch_{revisions_, &photos_, metrics_};
};

TEST_F(FollowerWatchTest, a_step_may_take_its_own_time_and_that_of_its_calls_and_no_longer) {
  revisions_.begin("cameras", 120s, 2);
  clock_.advance(260s);
  EXPECT_TRUE(watch_.look());
  clock_.advance(1ms);
  EXPECT_FALSE(watch_.look());
  revisions_.begin("gallery", 120s, 3);
  EXPECT_TRUE(watch_.look()) << "it goes on";
}

TEST_F(FollowerWatchTest, a_step_that_asks_nobody_has_its_own_time_only) {
  revisions_.begin("waiting", 120s);
  clock_.advance(121s);
  EXPECT_FALSE(watch_.look());
}

TEST_F(FollowerWatchTest, a_connection_that_may_take_longer_lengthens_the_step_that_waits_for_it) {
  revisions_.begin("cameras", 120s, 2);
  clock_.advance(300s);
  EXPECT_FALSE(watch_.look());
  call_ = 100s;
  EXPECT_TRUE(watch_.look());
}

TEST_F(FollowerWatchTest, where_statements_may_take_for_ever_so_may_the_step) {
  call_.reset();
  revisions_.begin("cameras", 120s, 2);
  clock_.advance(24h);
  EXPECT_TRUE(watch_.look());
  EXPECT_EQ(since_look(), 24.0 * 3600) << "but it is seen";
}

TEST_F(FollowerWatchTest, who_has_not_begun_or_has_stopped_does_not_hang) {
  clock_.advance(24h);
  EXPECT_TRUE(watch_.look());
  revisions_.begin("cameras", 120s, 2);
  revisions_.rest("stopped");
  clock_.advance(24h);
  EXPECT_TRUE(watch_.look());
}

TEST_F(FollowerWatchTest, the_time_since_the_last_look_is_a_metric) {
  revisions_.looked();
  clock_.advance(2500ms);
  EXPECT_TRUE(watch_.look());
  EXPECT_EQ(since_look(), 2.5);
  revisions_.looked();
  EXPECT_TRUE(watch_.look());
  EXPECT_EQ(since_look(), 0);
}

TEST_F(FollowerWatchTest, a_photo_may_take_as_long_as_it_likes_and_is_seen) {
  photos_.looked();
  clock_.advance(1h);
  revisions_.begin("waiting", 120s);
  EXPECT_TRUE(watch_.look());
  const auto since = metrics_.gauge(
      "photo_examiner_seconds_since_look",
      "Since the thread that examines photos last asked for one: how long the one under way takes");
  EXPECT_EQ(since.value(), 3600);
  photos_.looked();
  EXPECT_TRUE(watch_.look());
  EXPECT_EQ(since.value(), 0);
}

}  // namespace
}  // namespace surveillx::mediaserver
