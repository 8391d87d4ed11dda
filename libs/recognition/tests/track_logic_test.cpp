#include "surveillx/recognition/track_logic.hpp"

#include <gtest/gtest.h>

using namespace surveillx;
using namespace surveillx::recognition;
using domain::FaceStatus;
using domain::SightingKind;
using std::chrono::milliseconds;

namespace {

/// People on a line; a face's vector is a number near its person's.
class Logic : public testing::Test {
 protected:
  Logic() {
    matching_.model_id = "m";
    matching_.dimension = 1;
    matching_.threshold = matching_.max_threshold = matching_.live_threshold = 0.4F;
    matching_.margin = 0.05F;
    matching_.stranger_gap = 0.02F;
    both_ =
        vision::Gallery::build({{ada_, "Ada", {"m", {0}}}, {ben_, "Ben", {"m", {2}}}}, matching_);
    logic_.emplace(TrackLogic::Options{}, both_);
  }

  struct Seen {
    float x;
    float vector;
    vision::QualityIssue issue = vision::QualityIssue::none;
  };

  TrackLogic::FrameInfo info() const {
    return {1,
            from_millis(1'000'000 + now_ms_),
            SteadyTime(std::chrono::hours(1)) + milliseconds(now_ms_),
            {640, 480}};
  }

  /// One frame, `step` after the last one; remembers what was due and how many vectors were made.
  std::vector<domain::Face> look(const std::vector<Seen>& seen, int step = 200) {
    now_ms_ += step;
    std::vector<vision::FoundFace> faces;
    for (const Seen& s : seen) {
      vision::FoundFace face;
      face.detection.box = {s.x, 100, 64, 64};
      face.quality.issue = s.issue;
      face.quality.weight = face.quality.usable() ? 0.8F : 0.0F;
      faces.push_back(face);
    }
    embedded_ = logic_->begin(info(), faces);
    for (const std::size_t face : embedded_) {
      logic_->observe(face, {"m", {seen.at(face).vector}});
    }
    auto result = logic_->finish();
    collect();
    return result;
  }
  void collect() {
    for (auto& due : logic_->take_due()) due_.push_back(due);
  }
  std::vector<SightingKind> kinds() const {
    std::vector<SightingKind> all;
    for (const auto& due : due_) all.push_back(due.kind);
    return all;
  }

  const PersonId ada_ = PersonId::random();
  const PersonId ben_ = PersonId::random();
  vision::Matching matching_;
  std::shared_ptr<const vision::Gallery> both_;
  std::optional<TrackLogic> logic_;
  int now_ms_ = 0;
  std::vector<std::size_t> embedded_;
  std::vector<TrackLogic::Due> due_;
};

constexpr float kAda = 0.1F;
constexpr float kBen = 1.9F;
constexpr float kStranger = 1.0F;

}  // namespace

TEST_F(Logic, a_person_makes_a_first_sighting_at_the_decision_and_a_last_one_at_the_end) {
  EXPECT_EQ(look({{100, kAda}}).at(0).status, FaceStatus::pending);
  look({{100, kAda}});
  EXPECT_TRUE(due_.empty());
  const auto faces = look({{100, kAda}});
  EXPECT_EQ(faces.at(0).status, FaceStatus::known);
  EXPECT_EQ(faces.at(0).name, "Ada");
  ASSERT_EQ(kinds(), std::vector{SightingKind::first});
  EXPECT_EQ(due_.at(0).person_id, ada_);
  EXPECT_EQ(due_.at(0).at, info().timestamp);
  EXPECT_TRUE(due_.at(0).box.has_value());
  look({{104, kAda}});
  const UnixMillis seen = info().timestamp;
  look({}, 1000);
  look({}, 1500);
  ASSERT_EQ(kinds(), (std::vector{SightingKind::first, SightingKind::last}));
  EXPECT_EQ(due_.at(1).at, seen) << "the last sighting is when the face was last seen";
  EXPECT_EQ(logic_->take_ended().size(), 1u);
}

TEST_F(Logic, one_who_stays_makes_another_sighting_each_window) {
  for (int i = 0; i < 650; ++i) look({{100, kAda}});  // 130 s
  EXPECT_EQ(kinds(),
            (std::vector{SightingKind::first, SightingKind::periodic, SightingKind::periodic}));
}

TEST_F(Logic, one_who_sits_still_does_so_too) {
  for (int i = 0; i < 3; ++i) look({{100, kAda}});
  for (int i = 0; i < 700; ++i) {
    now_ms_ += 100;
    logic_->still(info());
    collect();
  }
  EXPECT_EQ(kinds(), (std::vector{SightingKind::first, SightingKind::periodic}));
  EXPECT_EQ(due_.back().at, from_millis(1'000'000 + 600 + 60'000));
}

TEST_F(Logic, a_stranger_makes_no_sighting_but_a_decision) {
  for (int i = 0; i < 20; ++i) look({{100, kStranger}});
  EXPECT_EQ(look({{100, kStranger}}).at(0).status, FaceStatus::unknown);
  logic_->close();
  collect();
  EXPECT_TRUE(due_.empty());
  EXPECT_EQ(logic_->counts().unknown, 1u);
  EXPECT_EQ(logic_->counts().known, 0u);
}

TEST_F(Logic, faces_with_an_issue_are_followed_and_never_compared) {
  for (int i = 0; i < 30; ++i) {
    const auto faces = look({{100, kAda, vision::QualityIssue::too_small}});
    EXPECT_EQ(faces.at(0).status, FaceStatus::pending);
    EXPECT_TRUE(embedded_.empty());
  }
  EXPECT_TRUE(due_.empty());
}

TEST_F(Logic, two_people_are_named_each_on_the_own_track) {
  for (int i = 0; i < 3; ++i) look({{100, kAda}, {400, kBen}});
  const auto faces = look({{400, kBen}, {100, kAda}});
  EXPECT_EQ(faces.at(0).person_id, ben_);
  EXPECT_EQ(faces.at(1).person_id, ada_);
  EXPECT_NE(faces.at(0).track_id, faces.at(1).track_id);
  EXPECT_EQ(due_.size(), 2u);
}

TEST_F(Logic, vectors_are_made_for_the_undecided_first_and_never_for_all_at_once) {
  for (int i = 0; i < 3; ++i) look({{100, kAda}});
  look({{100, kAda}});
  EXPECT_TRUE(embedded_.empty()) << "a known face is not looked at again at once";
  look({{100, kAda}, {200, kBen}, {300, kBen}, {400, kBen}, {500, kBen}}, 2500);
  EXPECT_EQ(embedded_, (std::vector<std::size_t>{1, 2, 3}));
  look({{100, kAda}, {200, kBen}, {300, kBen}, {400, kBen}, {500, kBen}});
  EXPECT_EQ(embedded_.at(0), 4u) << "who has waited longest comes first";
}

TEST_F(Logic, somebody_else_in_the_same_place_is_noticed_within_seconds) {
  for (int i = 0; i < 20; ++i) look({{100, kAda}});
  int frames = 0;
  while (look({{100, kBen}}).at(0).name != "Ben" && frames < 40) ++frames;
  EXPECT_LT(frames, 30);
  ASSERT_EQ(kinds(), (std::vector{SightingKind::first, SightingKind::last, SightingKind::first}));
  EXPECT_EQ(due_.at(1).person_id, ada_);
  EXPECT_EQ(due_.at(2).person_id, ben_);
}

TEST_F(Logic, a_face_that_was_away_for_a_moment_is_checked_before_its_name_counts_on) {
  for (int i = 0; i < 10; ++i) look({{100, kAda}});
  const UnixMillis ada_left = info().timestamp;
  look({}, 400);
  look({{104, kBen}}, 400);
  EXPECT_EQ(embedded_.size(), 1u) << "not only after recheck_known";
  look({{104, kBen}});
  EXPECT_EQ(look({{104, kBen}}).at(0).name, "Ben");
  ASSERT_EQ(kinds(), (std::vector{SightingKind::first, SightingKind::last, SightingKind::first}));
  EXPECT_LE(due_.at(1).at, ada_left) << "Ada is not said to be there when it was Ben";
}

TEST_F(Logic, a_face_that_comes_back_turned_away_makes_no_sighting_of_who_left) {
  for (int i = 0; i < 10; ++i) look({{100, kAda}});
  const UnixMillis ada_left = info().timestamp;
  look({}, 1000);
  for (int i = 0; i < 400; ++i) look({{100, kBen, vision::QualityIssue::too_small}});  // 80 s
  logic_->close();
  collect();
  ASSERT_EQ(kinds(), (std::vector{SightingKind::first, SightingKind::last}));
  EXPECT_LE(due_.at(1).at, ada_left);
}

TEST_F(Logic, two_who_swap_their_tracks_while_crossing_have_their_own_names_within_two_seconds) {
  for (int i = 0; i < 13; ++i) look({{200, kAda}, {300, kBen}});
  // They meet and go back: the tracker believes that they have passed each other, or the reverse.
  look({{230, kAda}, {270, kBen}});
  int frames = 0;
  for (; frames < 10; ++frames) {
    const auto faces = look({{230, kBen}, {270, kAda}});
    if (faces.at(0).name == "Ben" && faces.at(1).name == "Ada") break;
  }
  EXPECT_LT(frames, 10);
}

TEST_F(Logic, a_stranger_in_a_known_person_s_place_loses_the_name_before_the_decision_falls) {
  for (int i = 0; i < 20; ++i) look({{100, kAda}});
  const UnixMillis ada_left = info().timestamp;
  look({}, 600);
  look({{100, kStranger}});
  look({{100, kStranger}});
  const auto faces = look({{100, kStranger}});
  EXPECT_EQ(faces.at(0).status, FaceStatus::pending);
  EXPECT_EQ(faces.at(0).name, "");
  EXPECT_FALSE(faces.at(0).person_id.has_value());
  for (int i = 0; i < 10; ++i) look({{100, kStranger}});
  ASSERT_EQ(kinds(), (std::vector{SightingKind::first, SightingKind::last}));
  EXPECT_LE(due_.at(1).at, ada_left);
}

TEST_F(Logic, who_is_enrolled_while_standing_there_is_named_without_a_further_frame) {
  logic_.emplace(TrackLogic::Options{}, vision::Gallery::empty(matching_));
  for (int i = 0; i < 6; ++i) look({{100, kAda}});
  EXPECT_EQ(logic_->counts().unknown, 1u);
  logic_->set_gallery(both_);
  collect();
  EXPECT_EQ(kinds(), std::vector{SightingKind::first});
  EXPECT_EQ(look({{100, kAda}}).at(0).name, "Ada");
}

TEST_F(Logic, who_is_removed_makes_no_further_sighting) {
  for (int i = 0; i < 5; ++i) look({{100, kAda}});
  due_.clear();
  logic_->set_gallery(vision::Gallery::build({{ben_, "Ben", {"m", {2}}}}, matching_));
  collect();
  logic_->close();
  collect();
  EXPECT_TRUE(due_.empty());
}

TEST_F(Logic, the_camera_s_end_closes_all_tracks_and_the_next_ones_have_new_numbers) {
  for (int i = 0; i < 3; ++i) look({{100, kAda}, {400, kBen}});
  const auto before = look({{100, kAda}}).at(0).track_id;
  logic_->close();
  collect();
  EXPECT_EQ(due_.size(), 4u);
  EXPECT_EQ(logic_->tracks(), 0u);
  EXPECT_GT(look({{100, kAda}}).at(0).track_id, before);
}
