#include "node_links.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace surveillx::webapp {
namespace {

using domain::CameraState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr NodeId kNorth = 1;
constexpr NodeId kSouth = 2;
constexpr NodeId kNorthAgain = 11;
constexpr NodeId kSouthAgain = 12;
constexpr std::optional<NodeId> kNobody;

std::string name_of(NodeId node) { return node % 10 == kNorth ? "north" : "south"; }

live::CameraReport report(const CameraId& camera, CameraState state, std::string reason = {}) {
  live::CameraReport told;
  told.camera_id = camera;
  told.state = state;
  told.reason = std::move(reason);
  return told;
}

// The rules, step by step: what a node does, and who holds the camera then.

enum class Does { comes, goes, offline, connecting, live, stale };
using enum Does;

struct Step {
  NodeId node;
  Does does;
  std::optional<NodeId> holder;
};

struct Story {
  const char* name;
  std::vector<Step> steps;  ///< Both nodes are connected when it begins.
};

std::ostream& operator<<(std::ostream& out, const Story& story) { return out << story.name; }

const std::vector<Story>& stories() {
  static const std::vector<Story> all{
      {"a_camera_comes_and_goes",
       {{kNorth, offline, kNobody},
        {kSouth, offline, kNobody},
        {kNorth, connecting, kNorth},
        {kNorth, Does::live, kNorth},
        {kSouth, offline, kNorth},
        {kNorth, stale, kNorth},
        {kNorth, Does::live, kNorth},
        {kNorth, offline, kNobody}}},
      {"a_camera_that_moves_is_shown_from_where_it_is_live_and_stays_there",
       {{kNorth, Does::live, kNorth},
        {kSouth, offline, kNorth},
        {kSouth, connecting, kNorth},
        {kSouth, Does::live, kSouth},
        {kNorth, Does::live, kSouth},  // As it says every two seconds, until it is stale.
        {kNorth, stale, kSouth},
        {kSouth, Does::live, kSouth},
        {kNorth, offline, kSouth},
        {kSouth, stale, kSouth},
        {kSouth, offline, kNobody}}},
      {"a_camera_that_moves_back_at_once_is_shown_from_there",
       {{kNorth, Does::live, kNorth},
        {kSouth, connecting, kNorth},
        {kSouth, Does::live, kSouth},
        {kNorth, connecting, kSouth},
        {kNorth, Does::live, kNorth},
        {kSouth, Does::live, kNorth},
        {kSouth, stale, kNorth},
        {kSouth, offline, kNorth}}},
      {"a_session_that_fails_elsewhere_takes_nothing_from_one_that_is_live",
       {{kNorth, Does::live, kNorth},
        {kSouth, connecting, kNorth},
        {kSouth, offline, kNorth},
        {kNorth, Does::live, kNorth}}},
      {"a_session_elsewhere_takes_a_stale_camera_with_its_picture_and_not_before",
       {{kNorth, Does::live, kNorth},
        {kNorth, stale, kNorth},
        {kSouth, connecting, kNorth},
        {kSouth, Does::live, kSouth},
        {kNorth, offline, kSouth}}},
      {"a_stale_camera_whose_node_gives_it_up_is_at_the_one_where_it_connects",
       {{kNorth, Does::live, kNorth},
        {kNorth, stale, kNorth},
        {kSouth, connecting, kNorth},
        {kNorth, offline, kSouth}}},
      {"of_two_where_it_connects_the_later",
       {{kNorth, offline, kNobody},
        {kSouth, offline, kNobody},
        {kNorth, connecting, kNorth},
        {kSouth, connecting, kSouth},
        {kNorth, connecting, kSouth}}},
      {"of_two_where_it_is_stale_the_one_that_was_live_last",
       {{kNorth, Does::live, kNorth},
        {kSouth, connecting, kNorth},
        {kSouth, Does::live, kSouth},
        {kSouth, stale, kNorth},  // It was live here a moment ago, as far as anybody knows.
        {kNorth, stale, kSouth}}},
      {"a_node_that_comes_back_takes_its_camera_back",
       {{kNorth, Does::live, kNorth},
        {kNorth, goes, kNobody},
        {kNorthAgain, comes, kNobody},
        {kNorthAgain, Does::live, kNorthAgain}}},
      {"while_its_holder_is_away_a_camera_is_at_the_one_that_also_has_it_and_stays",
       {{kSouth, Does::live, kSouth},
        {kNorth, connecting, kSouth},
        {kNorth, Does::live, kNorth},
        {kSouth, Does::live, kNorth},
        {kNorth, goes, kSouth},
        {kSouth, stale, kSouth},
        {kNorthAgain, comes, kSouth},
        {kNorthAgain, Does::live, kNorthAgain},
        {kSouth, offline, kNorthAgain}}},
      {"a_node_that_lost_a_camera_and_reconnects_does_not_take_it",
       {{kNorth, Does::live, kNorth},
        {kSouth, connecting, kNorth},
        {kSouth, Does::live, kSouth},
        {kNorth, goes, kSouth},
        {kNorthAgain, comes, kSouth},
        {kNorthAgain, Does::live, kSouth},  // So it is, for two seconds more.
        {kNorthAgain, Does::live, kSouth},
        {kNorthAgain, stale, kSouth}}},
      {"when_web_has_just_started_the_first_by_name_whoever_speaks_first",
       {{kSouth, Does::live, kSouth},
        {kNorth, Does::live, kNorth},
        {kSouth, Does::live, kNorth},
        {kNorth, stale, kSouth},  // It had moved.
        {kNorth, offline, kSouth}}},
      {"when_web_has_just_started_the_first_by_name_the_other_way_round",
       {{kNorth, Does::live, kNorth},
        {kSouth, Does::live, kNorth},
        {kSouth, stale, kNorth},
        {kSouth, offline, kNorth}}},
      {"both_reconnect_in_the_middle_of_a_move",
       {{kNorth, Does::live, kNorth},
        {kNorth, goes, kNobody},
        {kSouth, goes, kNobody},
        {kSouthAgain, comes, kNobody},
        {kSouthAgain, connecting, kSouthAgain},
        {kNorthAgain, comes, kSouthAgain},
        {kNorthAgain, Does::live, kNorthAgain},
        {kSouthAgain, Does::live, kSouthAgain},
        {kNorthAgain, Does::live, kSouthAgain},
        {kNorthAgain, stale, kSouthAgain}}},
  };
  return all;
}

class NodeRules : public testing::TestWithParam<Story> {};

TEST_P(NodeRules, hold) {
  const auto camera = CameraId::random();
  NodeLinks links;
  links.connect(kNorth, "north");
  links.connect(kSouth, "south");
  int number = 0;
  for (const auto& step : GetParam().steps) {
    ++number;
    switch (step.does) {
      case comes:
        links.connect(step.node, name_of(step.node));
        break;
      case goes:
        (void)links.disconnect(step.node);
        break;
      case offline:
        (void)links.reported(step.node, report(camera, CameraState::offline));
        break;
      case connecting:
        (void)links.reported(step.node, report(camera, CameraState::connecting));
        break;
      case Does::live:
        (void)links.reported(step.node, report(camera, CameraState::live));
        break;
      case stale:
        (void)links.reported(step.node, report(camera, CameraState::stale));
        break;
    }
    EXPECT_EQ(links.holder(camera), step.holder) << "after step " << number;
  }
}

INSTANTIATE_TEST_SUITE_P(Stories, NodeRules, testing::ValuesIn(stories()),
                         [](const auto& story) { return std::string(story.param.name); });

class Nodes : public testing::Test {
 protected:
  Nodes() {
    links_.connect(kNorth, "north");
    links_.connect(kSouth, "south");
  }
  /// Whether something else is shown now.
  bool tell(NodeId node, const CameraId& camera, CameraState state, std::string reason = {}) {
    return links_.reported(node, report(camera, state, std::move(reason)));
  }
  [[nodiscard]] std::string shown_reason() const {
    const auto* word = links_.shown(gate_);
    return word == nullptr ? "nobody's" : word->reason;
  }
  /// Both cameras at 15 fps.
  [[nodiscard]] live::Demand both() const { return {{{gate_, {15, {640}}}, {yard_, {15, {640}}}}}; }
  [[nodiscard]] static live::Demand of(const CameraId& camera) { return {{{camera, {15, {640}}}}}; }

  const CameraId gate_ = CameraId::random();
  const CameraId yard_ = CameraId::random();
  NodeLinks links_;
};

TEST_F(Nodes, only_the_holder_s_frames_are_for_viewers_and_anybody_s_while_there_is_none) {
  EXPECT_TRUE(links_.shows(kNorth, gate_));
  EXPECT_TRUE(links_.shows(kSouth, gate_));
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live));
  EXPECT_TRUE(links_.shows(kNorth, gate_));
  EXPECT_FALSE(links_.shows(kSouth, gate_));
}

TEST_F(Nodes, what_does_not_change_what_is_shown_is_no_news) {
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live));
  EXPECT_FALSE(tell(kSouth, gate_, CameraState::offline));
  EXPECT_FALSE(tell(kSouth, gate_, CameraState::connecting));
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live)) << "its numbers may be others";
  EXPECT_TRUE(tell(kSouth, gate_, CameraState::live));
  EXPECT_FALSE(tell(kNorth, gate_, CameraState::stale));
}

TEST_F(Nodes, when_a_word_loses_its_weight_the_other_s_is_shown_at_once) {
  EXPECT_TRUE(tell(kSouth, gate_, CameraState::live, "south"));
  EXPECT_FALSE(tell(kNorth, gate_, CameraState::connecting, "north"));
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live, "north"));
  EXPECT_EQ(shown_reason(), "north");
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::offline, "left"));
  EXPECT_EQ(shown_reason(), "south");
}

TEST_F(Nodes, the_reason_of_the_node_that_last_held_a_camera_wins) {
  EXPECT_TRUE(tell(kSouth, gate_, CameraState::live));
  EXPECT_FALSE(tell(kNorth, gate_, CameraState::offline, "not connected yet"));
  EXPECT_TRUE(tell(kSouth, gate_, CameraState::offline, "no frames for 10 s"));
  EXPECT_EQ(shown_reason(), "no frames for 10 s");
  EXPECT_FALSE(tell(kNorth, gate_, CameraState::offline, "not connected yet"));
  EXPECT_EQ(shown_reason(), "no frames for 10 s");
}

TEST_F(Nodes, while_that_node_is_away_no_other_s_reason_takes_its_place) {
  EXPECT_TRUE(tell(kSouth, gate_, CameraState::live));
  EXPECT_THAT(links_.disconnect(kSouth), ElementsAre(gate_));
  EXPECT_FALSE(tell(kNorth, gate_, CameraState::offline, "not connected yet"));
  EXPECT_EQ(shown_reason(), "nobody's");
  links_.connect(kSouthAgain, "south");
  EXPECT_TRUE(tell(kSouthAgain, gate_, CameraState::offline, "starting"));
  EXPECT_EQ(shown_reason(), "starting");
}

TEST_F(Nodes, of_a_camera_that_nobody_ever_held_the_first_by_name_tells_the_reason) {
  EXPECT_TRUE(tell(kSouth, gate_, CameraState::offline, "south"));
  EXPECT_EQ(shown_reason(), "south") << "the only word";
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::offline, "north"));
  EXPECT_EQ(shown_reason(), "north");
  EXPECT_FALSE(tell(kSouth, gate_, CameraState::offline, "south"));
}

TEST_F(Nodes, when_a_node_goes_only_its_cameras_are_without_one) {
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live));
  EXPECT_TRUE(tell(kSouth, yard_, CameraState::stale));
  EXPECT_THAT(links_.disconnect(kNorth), ElementsAre(gate_));
  EXPECT_TRUE(links_.any());
  EXPECT_FALSE(links_.holder(gate_));
  EXPECT_EQ(links_.holder(yard_), kSouth);
  EXPECT_THAT(links_.disconnect(kSouth), ElementsAre(yard_));
  EXPECT_FALSE(links_.any());
}

TEST_F(Nodes, what_a_node_says_that_is_not_connected_counts_for_nothing) {
  (void)links_.disconnect(kNorth);
  EXPECT_FALSE(tell(kNorth, gate_, CameraState::live));
  EXPECT_FALSE(links_.holder(gate_));
}

TEST_F(Nodes, demand_goes_to_the_holder_and_to_all_while_there_is_none) {
  EXPECT_THAT(links_.to_ask(both()), ElementsAre(Pair(kNorth, both()), Pair(kSouth, both())));
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live));
  EXPECT_THAT(links_.to_ask(both()), ElementsAre(Pair(kSouth, of(yard_))));
  EXPECT_TRUE(tell(kSouth, yard_, CameraState::live));
  EXPECT_THAT(links_.to_ask(both()), ElementsAre(Pair(kNorth, of(gate_))));
  EXPECT_THAT(links_.disconnect(kNorth), ElementsAre(gate_));
  EXPECT_THAT(links_.to_ask(both()), ElementsAre(Pair(kSouth, both())));
}

TEST_F(Nodes, a_node_is_asked_once_for_the_same_and_at_first_even_for_nothing) {
  EXPECT_THAT(links_.to_ask({}),
              ElementsAre(Pair(kNorth, live::Demand{}), Pair(kSouth, live::Demand{})));
  EXPECT_THAT(links_.to_ask({}), IsEmpty());
  EXPECT_EQ(links_.to_ask(both()).size(), 2);
  EXPECT_THAT(links_.to_ask(both()), IsEmpty());
}

TEST_F(Nodes, one_node_alone_is_asked_for_everything) {
  EXPECT_THAT(links_.disconnect(kSouth), IsEmpty());
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live));
  EXPECT_THAT(links_.to_ask(both()), ElementsAre(Pair(kNorth, both())));
}

TEST_F(Nodes, a_removed_camera_is_held_by_nobody) {
  EXPECT_TRUE(tell(kNorth, gate_, CameraState::live));
  links_.forget(gate_);
  EXPECT_FALSE(links_.holder(gate_));
  EXPECT_THAT(links_.disconnect(kNorth), IsEmpty());
}

}  // namespace
}  // namespace surveillx::webapp
