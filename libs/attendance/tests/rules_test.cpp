#include "surveillx/attendance/rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace surveillx::attendance {
namespace {

domain::Sighting sighting(const PersonId& person, std::int64_t seconds) {
  domain::Sighting s;
  s.id = SightingId::random();
  s.person_id = person;
  s.at = from_millis(seconds * 1000);
  return s;
}

TEST(Rules, first_sighting_makes_a_record_of_the_local_day) {
  const auto zone = TimeZone::find("Asia/Kolkata").value();
  const PersonId person = PersonId::random();
  const DayRecord record = with_sighting(std::nullopt, sighting(person, 1'700'000'000), zone);
  EXPECT_EQ(record.day, "2023-11-15");
  EXPECT_EQ(record.person_id, person);
  EXPECT_EQ(record.first_seen, record.last_seen);
  EXPECT_EQ(record.sightings, 1);
  EXPECT_EQ(record.status, domain::AttendanceStatus::present);
}

TEST(Rules, later_sighting_extends_the_record_and_an_earlier_one_moves_its_start) {
  const auto zone = TimeZone::utc();
  const PersonId person = PersonId::random();
  DayRecord record = with_sighting(std::nullopt, sighting(person, 1'700'000'000), zone);
  record = with_sighting(record, sighting(person, 1'700'000'600), zone);
  EXPECT_EQ(to_millis(record.first_seen), 1'700'000'000'000);
  EXPECT_EQ(to_millis(record.last_seen), 1'700'000'600'000);
  record = with_sighting(record, sighting(person, 1'699'999'000), zone);
  EXPECT_EQ(to_millis(record.first_seen), 1'699'999'000'000);
  EXPECT_EQ(to_millis(record.last_seen), 1'700'000'600'000);
  EXPECT_EQ(record.sightings, 3);
}

TEST(Rules, order_and_repeats_do_not_matter) {
  const auto zone = TimeZone::find("Europe/Berlin").value();
  std::mt19937 random(7);
  std::vector<domain::Sighting> pile;
  for (int p = 0; p < 3; ++p) {
    const PersonId person = PersonId::random();
    for (int i = 0; i < 40; ++i) {
      pile.push_back(sighting(person, 1'700'000'000 + static_cast<int>(random() % 300'000)));
    }
  }
  const auto expected = derive(pile, zone);
  ASSERT_GT(expected.size(), 9u);  // Several days each.
  for (int round = 0; round < 5; ++round) {
    auto again = pile;
    again.insert(again.end(), pile.begin(), pile.begin() + 50);
    std::shuffle(again.begin(), again.end(), random);
    EXPECT_EQ(derive(again, zone), expected);
  }
}

TEST(Rules, a_person_seen_across_midnight_has_two_days) {
  const auto zone = TimeZone::find("Europe/Berlin").value();
  const auto midnight = zone.range_of("2026-11-23").value().begin;
  const PersonId person = PersonId::random();
  const std::vector<domain::Sighting> pile{sighting(person, to_millis(midnight) / 1000 - 1),
                                           sighting(person, to_millis(midnight) / 1000)};
  const auto records = derive(pile, zone);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].day, "2026-11-22");
  EXPECT_EQ(records[1].day, "2026-11-23");
}

TEST(Rules, no_sightings_make_no_records) { EXPECT_TRUE(derive({}, TimeZone::utc()).empty()); }

}  // namespace
}  // namespace surveillx::attendance
