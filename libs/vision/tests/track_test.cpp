#include "surveillx/vision/decider.hpp"
#include "surveillx/vision/tracker.hpp"

#include <gtest/gtest.h>

using namespace surveillx;
using namespace surveillx::vision;
using domain::FaceStatus;
using std::chrono::milliseconds;

namespace {

SteadyTime at(int ms) { return SteadyTime(std::chrono::hours(1)) + milliseconds(ms); }
PixelBox box(float x, float y = 100, float size = 60) { return {x, y, size, size}; }

}  // namespace

TEST(Tracker, a_face_that_moves_keeps_its_track) {
  Tracker tracker;
  const auto id = tracker.update({box(100)}, at(0)).ids.at(0);
  for (int i = 1; i < 20; ++i) {
    // 45 pixels each 200 ms: boxes of 60 that hardly overlap.
    EXPECT_EQ(tracker.update({box(100 + 45.0F * static_cast<float>(i))}, at(200 * i)).ids.at(0),
              id);
  }
}

TEST(Tracker, faces_that_pass_each_other_keep_theirs) {
  Tracker tracker;
  const auto first = tracker.update({box(100, 100), box(400, 130)}, at(0)).ids;
  for (int i = 1; i <= 10; ++i) {
    const float by = 30.0F * static_cast<float>(i);
    const auto ids = tracker.update({box(400 - by, 130), box(100 + by, 100)}, at(125 * i)).ids;
    EXPECT_EQ(ids.at(1), first.at(0)) << i;
    EXPECT_EQ(ids.at(0), first.at(1)) << i;
  }
}

TEST(Tracker, a_short_gap_is_survived_and_a_long_one_ends_the_track) {
  Tracker tracker;
  const auto id = tracker.update({box(100)}, at(0)).ids.at(0);
  EXPECT_TRUE(tracker.update({}, at(1000)).ended.empty());
  EXPECT_EQ(tracker.update({box(105)}, at(1900)).ids.at(0), id);
  EXPECT_EQ(tracker.expire(at(4000)), std::vector<std::int64_t>{id});
  EXPECT_NE(tracker.update({box(105)}, at(4100)).ids.at(0), id);
}

TEST(Tracker, a_still_scene_keeps_those_who_were_there_and_not_those_who_had_left) {
  Tracker tracker;
  (void)tracker.update({box(100), box(500)}, at(0));
  const auto there = tracker.update({box(100)}, at(500)).ids.at(0);
  for (int ms = 600; ms < 4000; ms += 100) tracker.touch(at(ms));
  const auto update = tracker.update({box(100)}, at(4000));
  EXPECT_EQ(update.ids.at(0), there);
  EXPECT_EQ(update.ended.size(), 1u);
}

TEST(Tracker, a_face_elsewhere_is_another_one) {
  Tracker tracker;
  const auto id = tracker.update({box(100)}, at(0)).ids.at(0);
  EXPECT_NE(tracker.update({box(600)}, at(200)).ids.at(0), id);
}

namespace {

/// People on a line: Ada at 0, Ben at 1; a face is a number.
class Decisions : public testing::Test {
 protected:
  Decisions() {
    matching_.model_id = "m";
    matching_.dimension = 1;
    matching_.threshold = 0.4F;
    matching_.max_threshold = 0.4F;
    matching_.live_threshold = 0.4F;
    matching_.margin = 0.05F;
    matching_.stranger_gap = 0.02F;
    gallery_ = with({{ada_, "Ada", {"m", {0}}}, {ben_, "Ben", {"m", {1}}}});
  }
  std::shared_ptr<const Gallery> with(std::vector<Gallery::Entry> entries) {
    return Gallery::build(std::move(entries), matching_);
  }
  void see(float face, int times = 1, float weight = 0.8F) {
    for (int i = 0; i < times; ++i) decider_.observe({"m", {face}}, weight, *gallery_);
  }
  FaceStatus status() const { return decider_.decision().status; }

  static constexpr float kAda = 0.1F;
  static constexpr float kBen = 0.9F;
  static constexpr float kStranger = -0.6F;
  static constexpr float kNobody = 0.48F;  ///< Between both: speaks for no one.

  Matching matching_;
  PersonId ada_ = PersonId::random();
  PersonId ben_ = PersonId::random();
  std::shared_ptr<const Gallery> gallery_;
  Decider decider_;
};

}  // namespace

TEST_F(Decisions, one_frame_never_decides) {
  see(kAda, 2);
  EXPECT_EQ(status(), FaceStatus::pending);
  see(kAda);
  EXPECT_EQ(status(), FaceStatus::known);
  EXPECT_EQ(decider_.decision().person_id, ada_);
  EXPECT_EQ(decider_.decision().name, "Ada");
  EXPECT_NEAR(decider_.decision().distance, 0.1, 1e-5);
}

TEST_F(Decisions, poor_faces_need_more_of_them) {
  see(kAda, 4, 0.2F);
  EXPECT_EQ(status(), FaceStatus::pending);
  see(kAda, 4, 0.2F);
  EXPECT_EQ(status(), FaceStatus::known);
}

TEST_F(Decisions, unknown_is_decided_later_than_a_name) {
  see(kStranger, 4);
  EXPECT_EQ(status(), FaceStatus::pending);
  see(kStranger);
  EXPECT_EQ(status(), FaceStatus::unknown);
  EXPECT_FALSE(decider_.decision().person_id.has_value());
}

TEST_F(Decisions, contradicting_frames_leave_a_face_pending) {
  for (int i = 0; i < 10; ++i) see(i % 2 == 0 ? kAda : kBen);
  EXPECT_EQ(status(), FaceStatus::pending);
}

TEST_F(Decisions, a_few_lucky_frames_do_not_name_a_stranger) {
  for (int i = 0; i < 20; ++i) {
    see(i % 3 == 0 ? 0.3F : kStranger);
    EXPECT_NE(status(), FaceStatus::known) << i;
  }
}

TEST_F(Decisions, faces_just_below_the_threshold_name_nobody) {
  see(-0.39F, 10);
  EXPECT_EQ(status(), FaceStatus::pending);
  see(-0.3F, 10);
  EXPECT_EQ(status(), FaceStatus::known);
}

TEST_F(Decisions, a_hand_before_the_face_does_not_take_the_name_away) {
  see(kAda, 5);
  see(kNobody, 3);
  see(kStranger, 2);
  EXPECT_EQ(decider_.decision().person_id, ada_);
  EXPECT_TRUE(decider_.doubtful());
}

TEST_F(Decisions, somebody_else_in_the_same_place_gets_the_own_name) {
  see(kAda, 10);
  see(kBen);
  EXPECT_TRUE(decider_.doubtful());
  see(kBen, 9);
  EXPECT_EQ(decider_.decision().person_id, ben_);
  see(kStranger, 10);
  EXPECT_EQ(status(), FaceStatus::unknown);
}

TEST_F(Decisions, three_faces_of_another_person_in_a_row_take_the_name_away) {
  see(kAda, 10);
  see(kBen, 2);
  EXPECT_EQ(decider_.decision().person_id, ada_);
  see(kBen);
  EXPECT_EQ(decider_.decision().person_id, ben_);
}

TEST_F(Decisions, poor_faces_of_another_person_take_the_name_and_give_none_yet) {
  see(kAda, 10);
  see(kBen, 3, 0.2F);
  EXPECT_EQ(status(), FaceStatus::pending);
}

TEST_F(Decisions, a_stranger_in_the_place_contests_the_name_before_it_falls) {
  see(kAda, 10);
  see(kStranger, 2);
  EXPECT_FALSE(decider_.contested());
  see(kStranger);
  EXPECT_TRUE(decider_.contested());
  EXPECT_EQ(decider_.decision().person_id, ada_);
  see(kAda);
  EXPECT_FALSE(decider_.contested());
  see(kStranger, 10);
  EXPECT_EQ(status(), FaceStatus::unknown);
}

TEST_F(Decisions, enrolling_somebody_names_the_faces_that_were_seen_before) {
  see(kStranger, 6);
  ASSERT_EQ(status(), FaceStatus::unknown);
  const PersonId cleo = PersonId::random();
  decider_.reconsider(*with({{ada_, "Ada", {"m", {0}}}, {cleo, "Cleo", {"m", {-0.55F}}}}));
  EXPECT_EQ(decider_.decision().person_id, cleo);
}

TEST_F(Decisions, a_removed_person_is_forgotten_at_once) {
  see(kAda, 10);
  decider_.reconsider(*with({{ben_, "Ben", {"m", {1}}}}));
  EXPECT_EQ(status(), FaceStatus::unknown);
}

TEST_F(Decisions, with_nobody_enrolled_everybody_is_unknown) {
  gallery_ = Gallery::empty(matching_);
  see(kAda, 5);
  EXPECT_EQ(status(), FaceStatus::unknown);
}
