#include "surveillx/store/site_zone.hpp"

#include "surveillx/attendance/rules.hpp"

#include "fixture.hpp"
#include "sql.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace surveillx::store {
namespace {

using attendance::TimeZone;

TimeZone zone(const char* name) { return TimeZone::find(name).value(); }

class SiteZoneTest : public StoreTest {
 protected:
  domain::Sighting seen(const PersonId& person, std::int64_t seconds) {
    domain::Sighting one{.id = SightingId::random(),
                         .person_id = person,
                         .camera_id = CameraId::random(),
                         .at = from_millis(seconds * 1000 + 250),
                         .kind = domain::SightingKind::periodic,
                         .confidence = 0.5,
                         .distance = 0.1,
                         .model = "m"};
    EXPECT_TRUE(store_->attendance.deliver(one, {}, TimeZone::utc()));
    pile_.push_back(one);
    return one;
  }

  [[nodiscard]] std::vector<domain::AttendanceRecord> records() {
    return store_->attendance
        .records({.from = "2000-01-01", .to = "2100-01-01", .person = std::nullopt, .group = ""})
        .value();
  }

  /// That the records and the sightings' days are what the rules make of the sightings in `in`.
  void expect_days_of(const TimeZone& in) {
    std::map<std::pair<std::string, std::string>, attendance::DayRecord> expected;
    for (const auto& record : attendance::derive(pile_, in)) {
      expected[{record.person_id.str(), record.day}] = record;
    }
    const auto present = records();
    EXPECT_EQ(present.size(), expected.size());
    for (const auto& record : present) {
      const auto found = expected.find({record.person_id.str(), record.day});
      ASSERT_NE(found, expected.end()) << record.day;
      EXPECT_EQ(record.first_seen, found->second.first_seen);
      EXPECT_EQ(record.last_seen, found->second.last_seen);
      EXPECT_EQ(record.sightings, found->second.sightings);
    }
    const auto wrong = run(store_->database(), Mode::single, [&](Connection& db) -> Result<int> {
      int count = 0;
      for (const auto& row : db.query(2, "select seen_at, day from sighting")) {
        if (in.local_day(row.time(0)) != row.text(1)) ++count;
      }
      return count;
    });
    EXPECT_EQ(wrong.value(), 0);
  }

  void sql(const std::string& statement) {
    const auto done = run(store_->database(), Mode::write, [&](Connection& db) -> Result<void> {
      db.execute(statement);
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
  }

  std::vector<domain::Sighting> pile_;
};
SURVEILLX_ON_BOTH_DATABASES(SiteZoneTest);

TEST_P(SiteZoneTest, the_first_start_writes_its_zone_down_and_another_one_is_refused_by_name) {
  const auto first = store_->site_zone.settle(zone("UTC"), true).value();
  EXPECT_EQ(first.zone.name(), "UTC");
  EXPECT_FALSE(first.changed);
  EXPECT_FALSE(store_->site_zone.settle(zone("UTC"), true)->changed);
  const auto other = store_->site_zone.settle(zone("America/Asuncion"), true).value();
  EXPECT_EQ(other.zone.name(), "UTC");
  ASSERT_TRUE(other.changed);
  EXPECT_TRUE(other.changed->is(kZoneChanged));
  for (const char* word : {"UTC", "America/Asuncion", "surveillx db rezone"}) {
    EXPECT_NE(other.changed->message.find(word), std::string::npos) << other.changed->message;
  }
  // A machine whose own zone differs does not decide what the site's is.
  const auto machine = store_->site_zone.settle(zone("Asia/Tokyo"), false).value();
  EXPECT_FALSE(machine.changed);
  EXPECT_EQ(machine.zone.name(), "UTC");
  const auto looked = store_->site_zone.look(zone("Asia/Tokyo"), true).value();
  EXPECT_EQ(looked.zone.name(), "UTC");
  EXPECT_TRUE(looked.changed);
}

TEST_P(SiteZoneTest, reading_writes_nothing_down) {
  EXPECT_EQ(store_->site_zone.look(zone("Asia/Tokyo"), true)->zone.name(), "Asia/Tokyo");
  EXPECT_EQ(store_->site_zone.settle(zone("UTC"), true)->zone.name(), "UTC");
}

TEST_P(SiteZoneTest, a_database_of_an_older_version_tells_by_its_days_in_which_zone_it_counted) {
  const auto ada = person("Ada");
  (void)seen(ada.id, 1'795'735'800);  // 2026-11-26 23:30 UTC; no zone was written down.
  const auto other = store_->site_zone.settle(zone("Asia/Kolkata"), true).value();
  ASSERT_TRUE(other.changed);
  EXPECT_TRUE(other.changed->is(kZoneChanged));
  EXPECT_FALSE(store_->site_zone.settle(zone("UTC"), true)->changed);
}

TEST_P(SiteZoneTest, days_are_derived_anew_west_and_east_of_utc_and_at_odd_offsets) {
  std::mt19937 random(3);
  for (const char* name : {"Ada", "Bob", "Cleo"}) {
    const auto someone = person(name);
    // Over the night clocks go back in Asuncion, and the one they go forward in Lord Howe.
    for (int i = 0; i < 60; ++i) {
      (void)seen(someone.id, 1'711'200'000 + static_cast<int>(random() % (60 * 86'400)));
    }
  }
  ASSERT_FALSE(store_->site_zone.settle(zone("UTC"), true)->changed);
  expect_days_of(zone("UTC"));
  for (const char* name : {"America/Asuncion", "Asia/Kathmandu", "Asia/Kolkata",
                           "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe"}) {
    const auto report = store_->site_zone.derive_anew(zone(name)).value();
    EXPECT_EQ(report.people, 3) << name;
    EXPECT_EQ(report.sightings, 180) << name;
    EXPECT_GT(report.moved, 0) << name;
    expect_days_of(zone(name));
    EXPECT_FALSE(store_->site_zone.settle(zone(name), true)->changed) << name;
  }
  const auto before = records();
  const auto again = store_->site_zone.derive_anew(zone("Australia/Lord_Howe")).value();
  EXPECT_EQ(again.moved, 0);
  EXPECT_EQ(records().size(), before.size());
}

TEST_P(SiteZoneTest, the_day_before_midnight_is_not_shown_as_the_day_after) {
  const auto ada = person("Ada");
  ASSERT_FALSE(store_->site_zone.settle(zone("UTC"), true)->changed);
  (void)seen(ada.id, 1'795'660'200);  // 2026-11-26 02:30 UTC, 23:30 of the 25th in Asuncion.
  (void)seen(ada.id, 1'795'694'400);  // 2026-11-26 12:00 UTC.
  ASSERT_EQ(records().size(), 1u);
  ASSERT_TRUE(store_->site_zone.derive_anew(zone("America/Asuncion")));
  const auto days = records();
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0].day, "2026-11-25");
  EXPECT_EQ(days[1].day, "2026-11-26");
  // And what comes later is counted in the new zone, whatever its media was started with.
  (void)seen(ada.id, 1'795'750'200);  // 2026-11-27 03:30 UTC, 00:30 there.
  EXPECT_EQ(records().back().day, "2026-11-27");
  expect_days_of(zone("America/Asuncion"));
}

TEST_P(SiteZoneTest, an_interrupted_derivation_refuses_a_start_and_goes_on_where_it_was) {
  for (int i = 0; i < 450; ++i) {
    const auto someone = person("P" + std::to_string(i));
    (void)seen(someone.id, 1'795'660'200 + i);
  }
  ASSERT_FALSE(store_->site_zone.settle(zone("UTC"), true)->changed);
  const auto killed = [] { throw std::runtime_error("killed"); };
  EXPECT_THROW((void)store_->site_zone.derive_anew(
                   zone("America/Asuncion"), [&](std::int64_t, std::int64_t) { killed(); }),
               std::runtime_error);
  const auto state = store_->site_zone.settle(zone("America/Asuncion"), true).value();
  ASSERT_TRUE(state.changed);
  EXPECT_NE(state.changed->message.find("interrupted"), std::string::npos);
  // Sighted meanwhile, once of somebody who is done and once of somebody who is not.
  PeopleQuery everybody;
  everybody.limit = 500;
  const auto people = store_->people.list(everybody).value().people;
  (void)seen(people.front().person.id, 1'795'660'100);
  (void)seen(people.back().person.id, 1'795'660'100);
  std::vector<std::pair<std::int64_t, std::int64_t>> told;
  const auto report =
      store_->site_zone
          .derive_anew(zone("America/Asuncion"),
                       [&](std::int64_t done, std::int64_t all) { told.emplace_back(done, all); })
          .value();
  EXPECT_LT(report.people, 450);  // The first portion was done.
  EXPECT_GT(report.people, 0);
  EXPECT_FALSE(told.empty());
  expect_days_of(zone("America/Asuncion"));
  EXPECT_FALSE(store_->site_zone.settle(zone("America/Asuncion"), true)->changed);
}

TEST_P(SiteZoneTest, corrections_and_what_no_sighting_tells_any_more_are_kept) {
  const auto ada = person("Ada");
  const auto bob = person("Bob");
  ASSERT_FALSE(store_->site_zone.settle(zone("UTC"), true)->changed);
  const auto early = seen(ada.id, 1'795'660'200);  // 02:30 UTC of the 26th.
  const auto late = seen(ada.id, 1'795'694'400);
  sql("insert into correction (id, person_id, day, original, corrected, note, changed_by,"
      " changed_at) values ('c1', '" + ada.id.str() + "', '2026-11-26', 'a', 'b', '', 'x', 1)");
  // One of Ada's was erased by a retention rule; Bob's day was entered by hand.
  sql("delete from sighting where id = '" + early.id.str() + "'");
  sql("insert into attendance_record (person_id, day, first_seen, last_seen, sightings, status)"
      " values ('" + bob.id.str() + "', '2026-11-26', 1795660200000, 1795660200000, 0, 'present')");
  ASSERT_TRUE(store_->site_zone.derive_anew(zone("America/Asuncion")));
  const auto days = store_->attendance.records_of_day("2026-11-26").value();
  ASSERT_EQ(days.size(), 2u);
  for (const auto& record : days) {
    EXPECT_EQ(record.first_seen, from_millis(1'795'660'200'000 + (record.person == "Ada" ? 250 : 0)));
    if (record.person == "Ada") {
      EXPECT_EQ(record.last_seen, late.at);
      EXPECT_EQ(record.sightings, 2);
    }
  }
  const auto corrections = run(store_->database(), Mode::single, [](Connection& db) -> Result<std::string> {
    return db.first(1, "select corrected from correction where day = '2026-11-26'")->text(0);
  });
  EXPECT_EQ(corrections.value(), "b");
}

TEST_P(SiteZoneTest, pages_are_told_what_a_derivation_changed) {
  const auto ada = person("Ada");
  ASSERT_FALSE(store_->site_zone.settle(zone("UTC"), true)->changed);
  (void)seen(ada.id, 1'795'660'200);
  (void)seen(ada.id, 1'795'694'400);
  const auto known = store_->revision.current()->attendance;
  ASSERT_TRUE(store_->site_zone.derive_anew(zone("America/Asuncion")));
  const auto changes = store_->attendance.changed_since(known).value();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_TRUE(changes[0].rebuilt && changes[1].rebuilt);
}

}  // namespace
}  // namespace surveillx::store
