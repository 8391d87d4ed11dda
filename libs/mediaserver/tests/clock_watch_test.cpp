#include "clock_watch.hpp"

#include "settable_clock.hpp"

#include <gtest/gtest.h>

#include <map>

namespace surveillx::mediaserver {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ClockWatchTest : public testing::Test {
 protected:
  std::map<std::string, milliseconds> ahead() {
    std::map<std::string, milliseconds> all;
    for (const auto& doubt : watch_.doubts()) all[doubt.epoch] = doubt.ahead.value();
    return all;
  }
  SettableClock clock_;
  ClockWatch watch_{clock_};
};

TEST_F(ClockWatchTest, a_clock_that_runs_and_is_slewed_has_not_been_set) {
  const std::string epoch = watch_.current();
  for (int i = 0; i < 10'000; ++i) {
    clock_.advance(milliseconds(500));
    clock_.set_by(milliseconds(1));  // 2,000 ppm for 80 minutes: 10 s in all.
    EXPECT_FALSE(watch_.look());
  }
  EXPECT_EQ(watch_.current(), epoch);
  EXPECT_TRUE(watch_.doubts().empty());
}

TEST_F(ClockWatchTest, steps_are_told_once_and_say_how_wrong_earlier_epochs_were) {
  struct Case {
    const char* what;
    std::vector<milliseconds> steps;
    std::vector<milliseconds> ahead;  ///< Of each epoch but the last.
  };
  for (const Case& one :
       {Case{"two hours ahead, then right", {-hours(2)}, {hours(2)}},
        Case{"behind, as without a battery, then right", {hours(9)}, {-hours(9)}},
        Case{"right, two hours ahead, right", {hours(2), -hours(2)}, {hours(0), hours(2)}},
        Case{"right in two steps", {-hours(1), -hours(1)}, {hours(2), hours(1)}},
        Case{"three seconds", {-seconds(3)}, {seconds(3)}},
        Case{"one second is no step", {-seconds(1)}, {}}}) {
    SettableClock clock;
    ClockWatch watch(clock);
    std::vector<milliseconds> told;
    for (const auto by : one.steps) {
      clock.advance(minutes(5));
      EXPECT_FALSE(watch.look()) << one.what;
      clock.set_by(by);
      const auto step = watch.look();
      if (step) {
        told.push_back(step->by);
        EXPECT_EQ(step->to - step->from, by) << one.what;
        EXPECT_EQ(step->to, clock.now()) << one.what;
      }
      EXPECT_FALSE(watch.look()) << one.what;
    }
    EXPECT_EQ(told.size(), one.ahead.size()) << one.what;
    const auto doubts = watch.doubts();
    ASSERT_EQ(doubts.size(), one.ahead.size()) << one.what;
    for (std::size_t i = 0; i < doubts.size(); ++i) {
      EXPECT_EQ(doubts[i].ahead, one.ahead[i]) << one.what << " " << i;
    }
  }
}

TEST_F(ClockWatchTest, what_was_seen_before_a_step_belongs_to_the_epoch_before_it) {
  for (const auto by : {milliseconds(-hours(2)), milliseconds(hours(2))}) {
    const std::string before = watch_.current();
    clock_.advance(seconds(10));
    const UnixMillis seen = clock_.now();
    EXPECT_EQ(watch_.epoch_of(seen), before);
    clock_.set_by(by);
    clock_.advance(seconds(3));
    // Recorded after the step, and before anybody looked.
    EXPECT_EQ(watch_.epoch_of(seen), before);
    EXPECT_NE(watch_.epoch_of(clock_.now()), before);
    const auto step = watch_.look();
    ASSERT_TRUE(step);  // It is told all the same.
    EXPECT_EQ(step->by, by);
    EXPECT_EQ(watch_.epoch_of(seen), before);
    EXPECT_EQ(watch_.epoch_of(clock_.now()), watch_.current());
    EXPECT_EQ(ahead().at(before), -by);
    clock_.advance(hours(5));
  }
}

}  // namespace
}  // namespace surveillx::mediaserver
