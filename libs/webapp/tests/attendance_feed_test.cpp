#include "attendance_feed.hpp"

#include <gtest/gtest.h>

namespace surveillx::webapp {
namespace {

store::AttendanceChange change(const PersonId& person, std::int64_t first, std::int64_t last,
                               bool made) {
  store::AttendanceChange one;
  one.record.person_id = person;
  one.record.person = "Ada";
  one.record.day = "2026-11-26";
  one.record.first_seen = from_millis(first);
  one.record.last_seen = from_millis(last);
  one.made = made;
  one.camera = CameraId::random();
  return one;
}

/// As media would tell it.
live::Attendance event(const store::AttendanceChange& one) { return attendance_of(one); }

class Feed : public testing::Test {
 protected:
  const PersonId ada_ = PersonId::random();
  AttendanceFeed feed_;
};

TEST_F(Feed, what_media_has_told_is_not_told_again_from_the_database) {
  ASSERT_TRUE(feed_.admit(event(change(ada_, 1'000, 1'000, true))));
  ASSERT_TRUE(feed_.admit(event(change(ada_, 1'000, 2'000, false))));
  EXPECT_TRUE(feed_.news({change(ada_, 1'000, 2'000, true)}).empty());
  EXPECT_EQ(feed_.remembered(), 0u);
}

TEST_F(Feed, what_media_committed_while_it_was_away_is_told_from_the_database) {
  const auto events = feed_.news({change(ada_, 1'000, 2'000, true)});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].person_id, ada_);
  EXPECT_TRUE(events[0].is_new);
  EXPECT_EQ(events[0].last_seen, from_millis(2'000));
}

TEST_F(Feed, an_arrival_whose_first_event_was_lost_is_still_told_as_one) {
  ASSERT_TRUE(feed_.admit(event(change(ada_, 1'000, 2'000, false))));  // The first one never came.
  const auto events = feed_.news({change(ada_, 1'000, 2'000, true)});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].is_new);
}

TEST_F(Feed, when_the_database_was_faster_media_s_event_is_not_told_again) {
  const auto arrival = change(ada_, 1'000, 1'000, true);
  ASSERT_EQ(feed_.news({arrival}).size(), 1u);
  EXPECT_FALSE(feed_.admit(event(arrival)));
  EXPECT_TRUE(feed_.admit(event(change(ada_, 1'000, 5'000, false))));
}

TEST_F(Feed, a_record_that_was_derived_anew_is_told_whatever_was_told_before) {
  auto anew = change(ada_, 1'000, 1'500, false);
  ASSERT_TRUE(feed_.admit(event(anew)));
  anew.rebuilt = true;
  const auto events = feed_.news({anew});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].corrected);
  EXPECT_FALSE(events[0].camera_id);
}

TEST_F(Feed, its_memory_is_bounded) {
  for (std::size_t i = 0; i < AttendanceFeed::kMaxRemembered + 10; ++i) {
    (void)feed_.admit(event(change(PersonId::random(), 1, 1, true)));
  }
  EXPECT_LE(feed_.remembered(), AttendanceFeed::kMaxRemembered);
}

}  // namespace
}  // namespace surveillx::webapp
