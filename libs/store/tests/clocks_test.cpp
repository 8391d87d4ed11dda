#include "surveillx/store/clocks.hpp"

#include "fixture.hpp"
#include "sql.hpp"

#include <chrono>

namespace surveillx::store {
namespace {

using attendance::TimeZone;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

class ClocksTest : public StoreTest {
 protected:
  domain::Sighting seen(const PersonId& person, UnixMillis at, const std::string& epoch) {
    const domain::Sighting one{.id = SightingId::random(),
                               .person_id = person,
                               .camera_id = CameraId::random(),
                               .at = at,
                               .kind = domain::SightingKind::periodic,
                               .confidence = 0.5,
                               .distance = 0.1,
                               .model = "m"};
    EXPECT_TRUE(store_->attendance.deliver(one, {}, TimeZone::utc(), epoch));
    return one;
  }
  [[nodiscard]] std::vector<domain::AttendanceRecord> records() {
    return store_->attendance
        .records({.from = "2000-01-01", .to = "2100-01-01", .person = std::nullopt, .group = ""})
        .value();
  }
  [[nodiscard]] static ClockDoubt doubt(const std::string& epoch, milliseconds ahead) {
    ClockDoubt one;
    one.epoch = epoch;
    one.ahead = ahead;
    one.noticed_at = from_millis(1);
    one.reason = "media's clock was set";
    return one;
  }
};
SURVEILLX_ON_BOTH_DATABASES(ClocksTest);

TEST_P(ClocksTest, two_hours_ahead_then_right_is_repaired_by_what_the_step_told) {
  const auto ada = person("Ada");
  const auto bob = person("Bob");
  const UnixMillis now = clock_.now();  // 2023-11-14 22:13:20 UTC.
  // For five hours the clock was two hours ahead; then it was set, and Ada was seen again.
  (void)seen(ada.id, now - hours(3), "wrong");
  (void)seen(ada.id, now + hours(1), "wrong");
  (void)seen(bob.id, now + hours(2) - minutes(20), "wrong");  // 23:53: stays on the 14th.
  clock_.advance(minutes(1));
  const auto last = seen(ada.id, now + minutes(1), "right");
  ASSERT_TRUE(store_->clocks.note({doubt("wrong", hours(2)), doubt("fine", hours(0))}));
  EXPECT_EQ(store_->clocks.mark_future().value(), 0);  // They are in doubt already.

  const auto doubts = store_->clocks.list().value();
  ASSERT_EQ(doubts.size(), 1u);
  EXPECT_EQ(doubts[0].epoch, "wrong");
  EXPECT_EQ(doubts[0].ahead, milliseconds(hours(2)));
  EXPECT_EQ(doubts[0].open, 3);
  EXPECT_EQ(doubts[0].first, now - hours(3));

  const auto known = store_->revision.current()->attendance;
  const auto repair = store_->clocks.repair("wrong", doubts[0].ahead, TimeZone::utc()).value();
  EXPECT_EQ(repair.sightings, 3);
  EXPECT_EQ(repair.people, 2);
  const auto after = records();
  ASSERT_EQ(after.size(), 2u);
  for (const auto& record : after) {
    EXPECT_EQ(record.day, "2023-11-14");
    if (record.person == "Ada") {
      EXPECT_EQ(record.first_seen, now - hours(5));
      EXPECT_EQ(record.last_seen, last.at);  // Not two hours ahead any more.
      EXPECT_EQ(record.sightings, 3);
    } else {
      EXPECT_EQ(record.last_seen, now - minutes(20));
    }
  }
  EXPECT_TRUE(store_->clocks.list()->empty());
  EXPECT_EQ(store_->clocks.repair("wrong", hours(2), TimeZone::utc())->sightings, 0);
  EXPECT_EQ(records().size(), 2u);
  // Open pages are told.
  for (const auto& change : store_->attendance.changed_since(known).value()) {
    EXPECT_TRUE(change.rebuilt);
  }
  // A derivation in another zone keeps to the believed times.
  ASSERT_TRUE(store_->site_zone.derive_anew(TimeZone::find("Asia/Kathmandu").value()));
  EXPECT_EQ(records().at(0).first_seen, now - hours(5));
}

TEST_P(ClocksTest, sightings_from_the_future_are_marked_when_nobody_saw_the_clock_being_set) {
  const auto ada = person("Ada");
  const UnixMillis now = clock_.now();
  (void)seen(ada.id, now - hours(1), "before the restart");
  (void)seen(ada.id, now + hours(1), "before the restart");
  (void)seen(ada.id, now + hours(2), "");  // Of a version that did not note it.
  (void)seen(ada.id, now - minutes(2), "");
  (void)seen(ada.id, now + std::chrono::seconds(5), "now");  // Within what is tolerated.
  EXPECT_EQ(store_->clocks.mark_future().value(), 2);
  EXPECT_EQ(store_->clocks.mark_future().value(), 0);
  const auto doubts = store_->clocks.list().value();
  ASSERT_EQ(doubts.size(), 2u);
  EXPECT_EQ(doubts[0].epoch, "");
  EXPECT_EQ(doubts[0].open, 1);
  EXPECT_FALSE(doubts[0].ahead);
  EXPECT_EQ(doubts[1].epoch, "before the restart");
  EXPECT_EQ(doubts[1].open, 2);  // All that its clock told.

  // Time passes: what was marked stays marked, when it is not in the future any more.
  clock_.advance(hours(5));
  EXPECT_EQ(store_->clocks.list()->size(), 2u);
  ASSERT_TRUE(store_->clocks.repair("", std::nullopt, TimeZone::utc()));
  ASSERT_TRUE(store_->clocks.repair("before the restart", hours(2), TimeZone::utc()));
  const auto record = records().at(0);
  EXPECT_EQ(record.first_seen, now - hours(3));
  EXPECT_EQ(record.last_seen, now + std::chrono::seconds(5));
  EXPECT_EQ(record.sightings, 4);  // One is left out, and none is lost.
  SightingsQuery all;
  all.begin = now - hours(9);
  all.end = now + hours(9);
  EXPECT_EQ(store_->attendance.sightings(all)->size(), 5u);
}

TEST_P(ClocksTest, a_day_that_only_left_out_sightings_made_goes) {
  const auto ada = person("Ada");
  (void)seen(ada.id, clock_.now() + hours(48), "wrong");
  ASSERT_EQ(store_->clocks.mark_future().value(), 1);
  ASSERT_TRUE(store_->clocks.repair("wrong", std::nullopt, TimeZone::utc()));
  EXPECT_TRUE(records().empty());
}

TEST_P(ClocksTest, what_is_delivered_late_of_a_wrong_clock_is_in_doubt_again) {
  const auto ada = person("Ada");
  ASSERT_TRUE(store_->clocks.note({doubt("wrong", hours(2))}));
  EXPECT_TRUE(store_->clocks.list()->empty());  // It made no sightings.
  (void)seen(ada.id, clock_.now() - hours(1), "wrong");  // From the outbox, which was full.
  ASSERT_EQ(store_->clocks.list()->size(), 1u);
  ASSERT_TRUE(store_->clocks.repair("wrong", hours(2), TimeZone::utc()));
  (void)seen(ada.id, clock_.now() - hours(2), "wrong");
  ASSERT_EQ(store_->clocks.list()->size(), 1u);
  EXPECT_EQ(store_->clocks.list()->at(0).open, 1);
  EXPECT_EQ(store_->clocks.list()->at(0).repaired, 1);
  // A second step told that it had been right all along.
  ASSERT_TRUE(store_->clocks.note({doubt("wrong", hours(0))}));
  EXPECT_TRUE(store_->clocks.list()->empty());
}

TEST_P(ClocksTest, an_unknown_name_is_said) {
  const auto repaired = store_->clocks.repair("nobody", hours(1), TimeZone::utc());
  ASSERT_FALSE(repaired);
  EXPECT_TRUE(repaired.error().is(kNotFound));
}

TEST_P(ClocksTest, this_machine_s_clock_is_compared_with_the_database_server_s) {
  const auto ahead = store_->clocks.ahead_of_database().value();
  ASSERT_EQ(ahead.has_value(), GetParam() == DatabaseKind::postgresql);
  if (!ahead) return;
  EXPECT_LT(*ahead, -hours(24));  // The injected clock is years behind the server's.
  // Sightings of a clock that is ahead of the server's are from the future, whatever ours says.
  const auto ada = person("Ada");
  const auto real = system_clock().now();
  (void)seen(ada.id, real + hours(2), "ahead");
  clock_.advance(std::chrono::duration_cast<milliseconds>(real - clock_.now()) + hours(2));
  EXPECT_EQ(store_->clocks.mark_future().value(), 1);
}

}  // namespace
}  // namespace surveillx::store
