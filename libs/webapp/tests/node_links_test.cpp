#include "node_links.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::webapp {
namespace {

using domain::CameraState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr NodeId kNorth = 1;
constexpr NodeId kSouth = 2;

class Nodes : public testing::Test {
 protected:
  Nodes() {
    links_.connect(kNorth);
    links_.connect(kSouth);
  }
  /// Both cameras at 15 fps.
  [[nodiscard]] live::Demand both() const {
    return {{{gate_, {15, {640}}}, {yard_, {15, {640}}}}};
  }
  [[nodiscard]] static live::Demand of(const CameraId& camera) {
    return {{{camera, {15, {640}}}}};
  }

  const CameraId gate_ = CameraId::random();
  const CameraId yard_ = CameraId::random();
  NodeLinks links_;
};

TEST_F(Nodes, a_camera_is_held_by_the_node_that_last_said_it_is_there) {
  EXPECT_FALSE(links_.holder(gate_));
  EXPECT_TRUE(links_.reported(kNorth, gate_, CameraState::connecting));
  EXPECT_EQ(links_.holder(gate_), kNorth);
  EXPECT_TRUE(links_.reported(kSouth, gate_, CameraState::live));
  EXPECT_EQ(links_.holder(gate_), kSouth);
  EXPECT_TRUE(links_.shows(kSouth, gate_));
  EXPECT_FALSE(links_.shows(kNorth, gate_));
}

TEST_F(Nodes, that_a_node_does_not_have_what_another_holds_is_no_news) {
  EXPECT_TRUE(links_.reported(kNorth, gate_, CameraState::live));
  EXPECT_FALSE(links_.reported(kSouth, gate_, CameraState::offline));
  EXPECT_EQ(links_.holder(gate_), kNorth);
  EXPECT_TRUE(links_.reported(kNorth, gate_, CameraState::offline));
  EXPECT_FALSE(links_.holder(gate_));
  EXPECT_TRUE(links_.reported(kSouth, gate_, CameraState::offline)) << "of what nobody holds";
}

TEST_F(Nodes, when_a_node_goes_only_its_cameras_are_without_one) {
  EXPECT_TRUE(links_.reported(kNorth, gate_, CameraState::live));
  EXPECT_TRUE(links_.reported(kSouth, yard_, CameraState::stale));
  EXPECT_THAT(links_.disconnect(kNorth), ElementsAre(gate_));
  EXPECT_TRUE(links_.any());
  EXPECT_FALSE(links_.holder(gate_));
  EXPECT_EQ(links_.holder(yard_), kSouth);
  EXPECT_THAT(links_.disconnect(kSouth), ElementsAre(yard_));
  EXPECT_FALSE(links_.any());
}

TEST_F(Nodes, demand_goes_to_the_holder_and_to_all_while_there_is_none) {
  EXPECT_THAT(links_.to_ask(both()),
              ElementsAre(Pair(kNorth, both()), Pair(kSouth, both())));
  EXPECT_TRUE(links_.reported(kNorth, gate_, CameraState::live));
  EXPECT_THAT(links_.to_ask(both()), ElementsAre(Pair(kSouth, of(yard_))));
  EXPECT_TRUE(links_.reported(kSouth, yard_, CameraState::live));
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
  EXPECT_TRUE(links_.reported(kNorth, gate_, CameraState::live));
  EXPECT_THAT(links_.to_ask(both()), ElementsAre(Pair(kNorth, both())));
}

TEST_F(Nodes, a_removed_camera_is_held_by_nobody) {
  EXPECT_TRUE(links_.reported(kNorth, gate_, CameraState::live));
  links_.forget(gate_);
  EXPECT_THAT(links_.disconnect(kNorth), IsEmpty());
}

}  // namespace
}  // namespace surveillx::webapp
