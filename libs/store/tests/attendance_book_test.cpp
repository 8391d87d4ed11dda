#include "surveillx/store/attendance_book.hpp"

#include "surveillx/attendance/rules.hpp"

#include "fixture.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

namespace surveillx::store {
namespace {

const attendance::TimeZone kBerlin = attendance::TimeZone::find("Europe/Berlin").value();

class AttendanceBookTest : public StoreTest {
 protected:
  [[nodiscard]] static domain::Sighting sighting(const PersonId& person, std::int64_t second) {
    return {.id = SightingId::random(),
            .person_id = person,
            .camera_id = CameraId::random(),
            .at = from_millis(second * 1000),
            .kind = domain::SightingKind::first,
            .confidence = 0.875,
            .distance = 0.3125,
            .model = "m"};
  }
  [[nodiscard]] Delivery deliver(const domain::Sighting& one) {
    return store_->attendance.deliver(one, {}, kBerlin).value();
  }
};
SURVEILLX_ON_BOTH_DATABASES(AttendanceBookTest);

TEST_P(AttendanceBookTest, first_sighting_of_a_day_makes_the_record) {
  const auto ada =
      store_->people.create({.name = "Ada", .external_id = "17", .group = "5b"}).value();
  const auto one = sighting(ada.id, 1'700'000'000);
  const Delivery delivery = deliver(one);
  EXPECT_EQ(delivery.outcome, DeliveryOutcome::recorded);
  EXPECT_TRUE(delivery.first_of_day);
  ASSERT_TRUE(delivery.record);
  EXPECT_EQ(delivery.record->person, "Ada");
  EXPECT_EQ(delivery.record->external_id, "17");
  EXPECT_EQ(delivery.record->day, "2023-11-14");
  EXPECT_EQ(delivery.record->first_seen, one.at);

  const Delivery second = deliver(sighting(ada.id, 1'700'000'060));
  EXPECT_FALSE(second.first_of_day);
  EXPECT_EQ(second.record->sightings, 2);

  const auto records = store_->attendance.records_of_day("2023-11-14").value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].person, "Ada");
  EXPECT_EQ(records[0].first_seen, one.at);
  EXPECT_EQ(to_millis(records[0].last_seen), 1'700'000'060'000);
  EXPECT_EQ(records[0].sightings, 2);
}

TEST_P(AttendanceBookTest, repeated_delivery_changes_nothing) {
  const auto ada = person("Ada");
  const auto one = sighting(ada.id, 1'700'000'000);
  (void)deliver(one);
  const Delivery again = deliver(one);
  EXPECT_EQ(again.outcome, DeliveryOutcome::repeated);
  EXPECT_FALSE(again.first_of_day);
  ASSERT_TRUE(again.record);
  EXPECT_EQ(again.record->sightings, 1);
  EXPECT_EQ(store_->attendance.records_of_day("2023-11-14")->at(0).sightings, 1);
}

TEST_P(AttendanceBookTest, who_knows_a_revision_is_told_of_every_later_change_once) {
  const auto ada = person("Ada");
  const auto bob = person("Bob");
  std::int64_t known = store_->revision.current()->attendance;
  EXPECT_TRUE(store_->attendance.changed_since(known)->empty());

  const auto first = sighting(ada.id, 1'700'000'000);
  (void)deliver(first);
  const auto later = sighting(ada.id, 1'700'000'060);
  (void)deliver(later);
  const auto other = sighting(bob.id, 1'700'000'030);
  (void)deliver(other);
  const auto changes = store_->attendance.changed_since(known).value();
  ASSERT_EQ(changes.size(), 2u);  // Ada's two sightings are one record.
  EXPECT_EQ(changes[0].record.person, "Ada");
  EXPECT_EQ(changes[0].record.last_seen, later.at);
  EXPECT_EQ(changes[0].camera, first.camera_id);
  EXPECT_TRUE(changes[0].made && changes[1].made);
  EXPECT_FALSE(changes[0].rebuilt);
  EXPECT_EQ(changes[1].record.person, "Bob");
  EXPECT_EQ(changes[1].revision, store_->revision.current()->attendance);

  known = changes[1].revision;
  const auto last = sighting(ada.id, 1'700'000'120);
  (void)deliver(last);
  (void)deliver(last);   // Repeated: no change.
  (void)deliver(other);
  const auto more = store_->attendance.changed_since(known).value();
  ASSERT_EQ(more.size(), 1u);
  EXPECT_EQ(more[0].record.last_seen, last.at);
  EXPECT_EQ(more[0].camera, last.camera_id);
  EXPECT_FALSE(more[0].made);
}

TEST_P(AttendanceBookTest, many_changes_are_told_in_portions_none_twice_and_none_missed) {
  std::int64_t known = store_->revision.current()->attendance;
  std::multiset<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    const auto someone = person("P" + std::to_string(i));
    (void)deliver(sighting(someone.id, 1'700'000'000));
    expected.insert(someone.id.str());
  }
  std::multiset<std::string> told;
  for (int portions = 0; portions < 20; ++portions) {
    const auto changes = store_->attendance.changed_since(known, 3).value();
    if (changes.empty()) break;
    EXPECT_LE(changes.size(), 3u);
    for (const auto& change : changes) told.insert(change.record.person_id.str());
    known = changes.back().revision;
  }
  EXPECT_EQ(told, expected);
}

TEST_P(AttendanceBookTest, changes_of_concurrent_deliveries_are_never_overtaken_by_a_later_number) {
  std::vector<domain::Person> people;
  for (int i = 0; i < 4; ++i) people.push_back(person("P" + std::to_string(i)));
  std::int64_t known = store_->revision.current()->attendance;
  constexpr int kEach = 15;
  std::atomic<int> running = 4;
  std::map<std::string, std::int64_t> seen;
  {
    std::vector<std::jthread> threads;
    for (const auto& someone : people) {
      threads.emplace_back([&, id = someone.id] {
        for (int i = 0; i < kEach; ++i) (void)deliver(sighting(id, 1'700'000'000 + i));
        --running;
      });
    }
    // The reader asks on from the highest number it has seen, as web does.
    for (bool once_more = true; once_more;) {
      once_more = running > 0;
      for (const auto& change : store_->attendance.changed_since(known).value()) {
        seen[change.record.person_id.str()] = change.record.sightings;
        known = change.revision;
      }
    }
  }
  for (const auto& someone : people) EXPECT_EQ(seen[someone.id.str()], kEach);
}

TEST_P(AttendanceBookTest, order_and_repeats_give_the_records_that_the_rules_give) {
  std::mt19937 random(11);
  std::vector<domain::Sighting> pile;
  for (const char* name : {"Ada", "Bob"}) {
    const auto someone = person(name);
    for (int i = 0; i < 15; ++i) {
      pile.push_back(sighting(someone.id, 1'700'000'000 + static_cast<int>(random() % 150'000)));
    }
  }
  const auto expected = attendance::derive(pile, kBerlin);
  const std::vector<domain::Sighting> repeats(pile.begin(), pile.begin() + 8);
  pile.insert(pile.end(), repeats.begin(), repeats.end());
  std::shuffle(pile.begin(), pile.end(), random);
  for (const auto& one : pile) (void)deliver(one);

  const auto records =
      store_->attendance
          .records({.from = "2023-11-01", .to = "2023-11-30", .person = std::nullopt, .group = ""})
          .value();
  ASSERT_EQ(records.size(), expected.size());
  for (const auto& want : expected) {
    const auto got = std::find_if(records.begin(), records.end(), [&](const auto& record) {
      return record.person_id == want.person_id && record.day == want.day;
    });
    ASSERT_NE(got, records.end());
    EXPECT_EQ(got->first_seen, want.first_seen);
    EXPECT_EQ(got->last_seen, want.last_seen);
    EXPECT_EQ(got->sightings, want.sightings);
  }
}

TEST_P(AttendanceBookTest, concurrent_deliveries_of_one_person_all_count) {
  const auto ada = person("Ada");
  std::vector<domain::Sighting> pile;
  for (int i = 0; i < 24; ++i) pile.push_back(sighting(ada.id, 1'700'000'000 + i));
  std::atomic<int> firsts = 0;
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        // Every sighting is delivered by two threads.
        for (std::size_t i = t / 2; i < pile.size(); i += 2) {
          const auto delivery = store_->attendance.deliver(pile[i], {}, kBerlin);
          if (!delivery) {
            ++failures;
          } else {
            firsts += delivery->first_of_day ? 1 : 0;
          }
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(firsts, 1);
  const auto records = store_->attendance.records_of_day("2023-11-14").value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].sightings, 24);
  EXPECT_EQ(to_millis(records[0].last_seen), 1'700'000'023'000);
}

TEST_P(AttendanceBookTest, a_sighting_of_someone_removed_is_dropped_by_name) {
  const auto ada = person("Ada");
  (void)deliver(sighting(ada.id, 1'700'000'000));
  ASSERT_TRUE(store_->people.remove(ada.id));
  const Delivery late = deliver(sighting(ada.id, 1'700'000'060));
  EXPECT_EQ(late.outcome, DeliveryOutcome::person_gone);
  EXPECT_FALSE(late.record);
  EXPECT_EQ(deliver(sighting(PersonId::random(), 1'700'000'000)).outcome,
            DeliveryOutcome::person_gone);
  // What was recorded before the removal stays, with the name.
  const auto records = store_->attendance.records_of_day("2023-11-14").value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].person, "Ada");
  EXPECT_EQ(records[0].sightings, 1);
}

TEST_P(AttendanceBookTest, a_snapshot_is_sealed_and_goes_with_the_person) {
  const auto ada = person("Ada");
  const auto one = sighting(ada.id, 1'700'000'000);
  const Bytes jpeg{0xff, 0xd8, 0, 0xff};
  ASSERT_TRUE(store_->attendance.deliver(one, seal_snapshot(keys_, one.id, jpeg), kBerlin));
  EXPECT_EQ(store_->attendance.snapshot(one.id).value(), jpeg);
  EXPECT_TRUE(store_->attendance.snapshot(SightingId::random()).error().is(kNotFound));
  ASSERT_TRUE(store_->people.remove(ada.id));
  EXPECT_TRUE(store_->attendance.snapshot(one.id).error().is(kNotFound));
}

TEST_P(AttendanceBookTest, sightings_come_newest_first_as_they_were) {
  const auto ada = person("Ada");
  const auto bob = person("Bob");
  const auto old = sighting(ada.id, 1'700'000'000);
  const auto young = sighting(ada.id, 1'700'000'500);
  (void)deliver(old);
  (void)deliver(sighting(bob.id, 1'700'000'300));
  ASSERT_TRUE(store_->attendance.deliver(young, seal_snapshot(keys_, young.id, Bytes{1}), kBerlin));
  const SightingsQuery query{.person = ada.id,
                             .camera = std::nullopt,
                             .begin = from_millis(0),
                             .end = from_millis(1'800'000'000'000),
                             .limit = 10};
  const auto found = store_->attendance.sightings(query).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].sighting.id, young.id);
  EXPECT_TRUE(found[0].has_snapshot);
  EXPECT_FALSE(found[1].has_snapshot);
  EXPECT_EQ(found[1].sighting.camera_id, old.camera_id);
  EXPECT_EQ(found[1].sighting.at, old.at);
  EXPECT_DOUBLE_EQ(found[1].sighting.confidence, 0.875);
  EXPECT_DOUBLE_EQ(found[1].sighting.distance, 0.3125);
  EXPECT_EQ(found[1].person, "Ada");
  auto everything = query;
  everything.person.reset();
  EXPECT_EQ(store_->attendance.sightings(everything)->size(), 3u);
}

TEST_P(AttendanceBookTest, a_malformed_sighting_is_refused_by_name) {
  const auto ada = person("Ada");
  auto bad_id = sighting(ada.id, 1'700'000'000);
  bad_id.id = SightingId::trusted("x");
  auto bad_number = sighting(ada.id, 1'700'000'000);
  bad_number.confidence = std::numeric_limits<double>::quiet_NaN();
  auto bad_time = sighting(ada.id, -5);
  for (const auto& bad : {bad_id, bad_number, bad_time}) {
    const auto delivery = store_->attendance.deliver(bad, {}, kBerlin);
    ASSERT_FALSE(delivery);
    EXPECT_TRUE(delivery.error().is(kInvalidArgument));
  }
}

TEST_P(AttendanceBookTest, records_are_chosen_by_days_person_and_group) {
  const auto ada = store_->people.create({.name = "Ada", .external_id = "", .group = "5b"}).value();
  const auto bob = person("Bob");
  for (const int day : {0, 1, 2}) (void)deliver(sighting(ada.id, 1'700'000'000 + day * 86'400));
  (void)deliver(sighting(bob.id, 1'700'000'000));
  const auto count = [&](AttendanceQuery query) {
    return store_->attendance.records(query).value().size();
  };
  EXPECT_EQ(count({"2023-11-14", "2023-11-15", std::nullopt, ""}), 3u);
  EXPECT_EQ(count({"2023-11-14", "2023-11-16", bob.id, ""}), 1u);
  EXPECT_EQ(count({"2023-11-14", "2023-11-16", std::nullopt, "5b"}), 3u);
  EXPECT_EQ(count({"2024-01-01", "2024-01-01", std::nullopt, ""}), 0u);
  EXPECT_TRUE(store_->attendance.records_of_day("yesterday").error().is(attendance::kBadDay));
  EXPECT_TRUE(store_->attendance.records({"2023-11-15", "2023-11-14", std::nullopt, ""})
                  .error()
                  .is(kInvalidArgument));
}

}  // namespace
}  // namespace surveillx::store
