#include "surveillx/attendance/time_zone.hpp"

#include <gtest/gtest.h>

namespace surveillx::attendance {
namespace {

using std::chrono::hours;

TimeZone zone(std::string_view name) { return TimeZone::find(name).value(); }
/// Seconds since 1970, as `date -d` prints them.
UnixMillis at(std::int64_t seconds) { return from_millis(seconds * 1000); }

TEST(TimeZone, the_day_follows_the_zone) {
  const UnixMillis t = at(1'700'000'000);  // 2023-11-14T22:13:20Z
  EXPECT_EQ(zone("UTC").local_day(t), "2023-11-14");
  EXPECT_EQ(zone("Europe/Berlin").local_day(t), "2023-11-14");
  EXPECT_EQ(zone("Asia/Kolkata").local_day(t), "2023-11-15");
  EXPECT_EQ(zone("Pacific/Kiritimati").local_day(t), "2023-11-15");
  EXPECT_EQ(zone("America/Los_Angeles").local_day(t), "2023-11-14");
}

TEST(TimeZone, a_second_before_midnight_is_another_day_than_midnight) {
  const TimeZone berlin = zone("Europe/Berlin");
  const DayRange day = berlin.range_of("2026-11-22").value();
  EXPECT_EQ(day.end - day.begin, hours(24));
  EXPECT_EQ(berlin.local_day(day.begin), "2026-11-22");
  EXPECT_EQ(berlin.local_day(day.begin - std::chrono::milliseconds(1)), "2026-11-21");
  EXPECT_EQ(berlin.local_day(day.end - std::chrono::milliseconds(1)), "2026-11-22");
  EXPECT_EQ(berlin.local_day(day.end), "2026-11-23");
}

TEST(TimeZone, days_on_which_clocks_change_have_23_and_25_hours) {
  const TimeZone berlin = zone("Europe/Berlin");
  const auto spring = berlin.range_of("2026-03-29").value();
  const auto autumn = berlin.range_of("2026-10-25").value();
  EXPECT_EQ(spring.end - spring.begin, hours(23));
  EXPECT_EQ(autumn.end - autumn.begin, hours(25));
}

TEST(TimeZone, a_midnight_that_clocks_jump_over_begins_the_day_at_the_jump) {
  const TimeZone beirut = zone("Asia/Beirut");  // 2022-03-27 began at 01:00.
  const auto day = beirut.range_of("2022-03-27").value();
  EXPECT_EQ(day.end - day.begin, hours(23));
  EXPECT_EQ(beirut.local_day(day.begin), "2022-03-27");
  EXPECT_EQ(beirut.local_day(day.begin - std::chrono::milliseconds(1)), "2022-03-26");
  EXPECT_EQ(beirut.format_rfc3339(day.begin), "2022-03-27T01:00:00.000+03:00");
}

TEST(TimeZone, a_midnight_that_happens_twice_begins_the_day_at_the_first) {
  const TimeZone havana = zone("America/Havana");  // Back from 01:00 to 00:00 on 2025-11-02.
  const auto day = havana.range_of("2025-11-02").value();
  EXPECT_EQ(day.end - day.begin, hours(25));
  EXPECT_EQ(havana.local_day(day.begin), "2025-11-02");
}

TEST(TimeZone, formats_with_the_offset_of_the_moment) {
  const TimeZone berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.format_rfc3339(from_millis(1'700'000'000'123)), "2023-11-14T23:13:20.123+01:00");
  EXPECT_EQ(berlin.format_rfc3339(at(1'690'000'000)), "2023-07-22T06:26:40.000+02:00");
  EXPECT_EQ(zone("America/St_Johns").format_rfc3339(at(1'700'000'000)),
            "2023-11-14T18:43:20.000-03:30");
  EXPECT_EQ(zone("UTC").format_rfc3339(at(1'700'000'000)), "2023-11-14T22:13:20.000+00:00");
  EXPECT_EQ(berlin.format_local(at(1'700'000'000)), "2023-11-14 23:13:20");
}

TEST(TimeZone, an_unknown_name_is_answered_with_the_nearest) {
  const auto misspelt = TimeZone::find("Europe/Berlni");
  ASSERT_FALSE(misspelt);
  EXPECT_TRUE(misspelt.error().is(kUnknownTimeZone));
  EXPECT_NE(misspelt.error().message.find("did you mean 'Europe/Berlin'"), std::string::npos);
  EXPECT_NE(TimeZone::find("kolkata").error().message.find("'Asia/Kolkata'"), std::string::npos);
  EXPECT_TRUE(TimeZone::find("../../etc/passwd").error().is(kUnknownTimeZone));
}

TEST(TimeZone, without_a_name_it_is_the_machine_s) { EXPECT_TRUE(TimeZone::find("").has_value()); }

TEST(Day, only_days_of_the_calendar_are_days) {
  for (const char* good : {"2026-11-22", "2024-02-29", "1970-01-01", "9999-12-31"}) {
    EXPECT_TRUE(is_day(good)) << good;
  }
  for (const char* bad : {"", "2026-11-31", "2025-02-29", "2026-1-1", "2026/11/22", "+026-01-01",
                          "2026-00-10", "2026-11-22 ", "1969-12-31", "today"}) {
    EXPECT_FALSE(is_day(bad)) << bad;
    EXPECT_TRUE(TimeZone::utc().range_of(bad).error().is(kBadDay)) << bad;
  }
}

TEST(Day, adding_days_crosses_months_and_years) {
  EXPECT_EQ(add_days("2026-12-31", 1).value(), "2027-01-01");
  EXPECT_EQ(add_days("2024-03-01", -1).value(), "2024-02-29");
  EXPECT_TRUE(add_days("soon", 1).error().is(kBadDay));
}

TEST(TimeZone, says_on_which_days_clocks_change_and_by_how_much) {
  struct Case {
    const char* zone;
    const char* day;
    bool changes;
  };
  for (const Case& one : {Case{"Europe/Berlin", "2026-10-25", true},
                          Case{"Europe/Berlin", "2026-03-29", true},
                          Case{"Europe/Berlin", "2026-10-24", false},
                          Case{"Europe/Berlin", "2026-10-26", false},
                          // At midnight: the hour before it comes twice, on the day that ends.
                          Case{"America/Asuncion", "2023-03-25", true},
                          Case{"America/Asuncion", "2023-03-26", false},
                          // Forward at midnight: the day begins at one o'clock, all in one offset.
                          Case{"America/Asuncion", "2023-10-01", false},
                          Case{"Australia/Lord_Howe", "2026-04-05", true},
                          Case{"UTC", "2026-10-25", false},
                          Case{"Europe/Berlin", "no day", false}}) {
    const auto zone = TimeZone::find(one.zone).value();
    EXPECT_EQ(zone.clocks_change_on(one.day), one.changes) << one.zone << " " << one.day;
  }
  const auto howe = TimeZone::find("Australia/Lord_Howe").value();
  EXPECT_EQ(howe.format_offset(from_millis(1'775'300'000'000)), "+11:00");
  EXPECT_EQ(howe.format_offset(from_millis(1'775'400'000'000)), "+10:30");
  EXPECT_EQ(TimeZone::utc().format_offset(from_millis(0)), "+00:00");
}

}  // namespace
}  // namespace surveillx::attendance
