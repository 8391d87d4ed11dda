#include "clock_keeper.hpp"

#include "settable_clock.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

namespace surveillx::mediaserver {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

class ClockKeeperTest : public testing::Test {
 protected:
  ClockKeeperTest() {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::create;
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral(), clock_).value();
    person_ = store_->people.create({"Ada", "", ""}).value().id;
    keeper_.emplace(watch_, store_->clocks, metrics_, clock_);
  }

  void seen_now() {
    domain::Sighting one;
    one.id = SightingId::random();
    one.person_id = person_;
    one.camera_id = CameraId::random();
    one.at = clock_.now();
    one.model = "m";
    ASSERT_TRUE(store_->attendance.deliver(one, {}, attendance::TimeZone::utc(),
                                           watch_.epoch_of(one.at)));
  }
  double steps() {
    return metrics_.counter("clock_steps_total", "Times this machine's clock was set").value();
  }
  std::string logged(bool database_answers) {
    testing::internal::CaptureStderr();
    keeper_->look(database_answers);
    return testing::internal::GetCapturedStderr();
  }

  test_support::TempDir dir_;
  SettableClock clock_;
  telemetry::Metrics metrics_;
  std::shared_ptr<store::Store> store_;
  PersonId person_;
  ClockWatch watch_{clock_};
  std::optional<ClockKeeper> keeper_;
};

TEST_F(ClockKeeperTest, a_clock_that_was_two_hours_ahead_is_said_and_its_sightings_are_in_doubt) {
  EXPECT_EQ(logged(true), "");
  seen_now();
  clock_.advance(minutes(1));
  seen_now();
  clock_.set_by(-hours(2));
  // The database is away while the clock is set.
  const std::string log = logged(false);
  EXPECT_NE(log.find("clock.was_set"), std::string::npos) << log;
  EXPECT_NE(log.find("by_seconds=-7200"), std::string::npos) << log;
  EXPECT_NE(log.find("surveillx db repair-clock"), std::string::npos) << log;
  EXPECT_EQ(steps(), 1);
  EXPECT_TRUE(store_->clocks.list()->empty());
  (void)logged(true);
  seen_now();
  const auto doubts = store_->clocks.list().value();
  ASSERT_EQ(doubts.size(), 1u);
  EXPECT_EQ(doubts[0].ahead, milliseconds(hours(2)));
  EXPECT_EQ(doubts[0].open, 2);
  EXPECT_EQ(logged(true), "");  // Said once.
  EXPECT_EQ(steps(), 1);

  ASSERT_TRUE(store_->clocks.repair(doubts[0].epoch, doubts[0].ahead, attendance::TimeZone::utc()));
  const auto day = attendance::TimeZone::utc().local_day(clock_.now());
  const auto record = store_->attendance.records_of_day(day)->at(0);
  EXPECT_EQ(record.sightings, 3);
  EXPECT_EQ(record.last_seen, clock_.now());
}

TEST_F(ClockKeeperTest, sightings_of_an_earlier_process_that_lie_in_the_future_are_said) {
  clock_.set_by(hours(3));
  watch_.look();
  seen_now();
  clock_.set_by(-hours(3));
  // Another process starts, and knows nothing of what came before it.
  ClockWatch watch(clock_);
  ClockKeeper keeper(watch, store_->clocks, metrics_, clock_);
  testing::internal::CaptureStderr();
  keeper.look(true);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("clock.sightings_from_the_future count=1"), std::string::npos) << log;
  ASSERT_EQ(store_->clocks.list()->size(), 1u);
  EXPECT_FALSE(store_->clocks.list()->at(0).ahead);
}

}  // namespace
}  // namespace surveillx::mediaserver
