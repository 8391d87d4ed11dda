#include "hub_fixture.hpp"

namespace surveillx::webapp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Hub, when_media_goes_every_camera_is_offline_at_once_with_a_reason) {
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect();
  viewer->events.clear();
  hub_.media_disconnected(kNode);
  const auto told = viewer->of("camera");
  ASSERT_EQ(told.size(), 2);
  for (const auto& sent : told) {
    EXPECT_EQ(sent.payload.at("state").as_string(), "offline");
    EXPECT_FALSE(sent.payload.at("reason").as_string().empty());
    EXPECT_EQ(sent.payload.at("width").as_int64(), 0);
  }
  for (const auto& status : hub_.cameras()) {
    EXPECT_EQ(status.told.state, domain::CameraState::offline);
  }
}

TEST_F(Hub, a_camera_media_says_nothing_about_is_not_said_to_lack_media) {
  EXPECT_TRUE(tell(entrance_, "live"));
  hub_.media_disconnected(kNode);
  hub_.media_connected(kNode, "north");
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect();
  viewer->events.clear();
  clock_.advance(1s);
  hub_.tick();
  const auto told = viewer->of("camera");
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].payload.at("camera_id").as_string(), hall_.id.str());
  EXPECT_EQ(told[0].payload.at("reason").as_string(), "The camera has not connected.");
}

TEST_F(Hub, camera_states_reach_viewers_and_those_who_come_later) {
  const auto early = connect();
  early->events.clear();
  EXPECT_TRUE(tell(entrance_, "live", "an older name"));
  ASSERT_EQ(early->of("camera").size(), 1);
  EXPECT_EQ(early->of("camera")[0].payload.at("state").as_string(), "live");
  EXPECT_EQ(early->of("camera")[0].payload.at("name").as_string(), "Entrance");
  const auto late = connect();
  int live = 0;
  for (const auto& sent : late->of("camera"))
    live += sent.payload.at("state").as_string() == "live";
  EXPECT_EQ(live, 1);
}

TEST_F(Hub, a_new_camera_appears_and_a_removed_one_is_said_to_be_removed) {
  ViewerId id = 0;
  const auto viewer = connect_and_watch({}, &id);
  viewer->events.clear();
  const auto yard = camera(3, "Yard");
  hub_.set_cameras({entrance_, yard});
  const auto told = viewer->of("camera");
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[0].payload.at("name").as_string(), "Yard");
  EXPECT_EQ(told[1].payload.at("camera_id").as_string(), hall_.id.str());
  EXPECT_EQ(told[1].payload.at("state").as_string(), "removed");
  EXPECT_TRUE(demands_.back().cameras.contains(yard.id))
      << "`all` holds for cameras that come later";
  EXPECT_FALSE(demands_.back().cameras.contains(hall_.id));
  EXPECT_FALSE(frame(hall_, 1)) << "media has not heard of it yet";
}

TEST_F(Hub, a_renamed_camera_is_told_again) {
  const auto viewer = connect();
  viewer->events.clear();
  auto renamed = hall_;
  renamed.name = "Great hall";
  hub_.set_cameras({entrance_, renamed});
  ASSERT_EQ(viewer->of("camera").size(), 1);
  EXPECT_EQ(viewer->of("camera")[0].payload.at("name").as_string(), "Great hall");
}

TEST_F(Hub, a_camera_that_only_media_knows_yet_appears_and_the_list_is_asked_for) {
  const auto viewer = connect_and_watch({});
  viewer->events.clear();
  const auto yard = camera(3, "Yard");
  EXPECT_TRUE(tell(yard, "live", "Yard"));
  EXPECT_EQ(unknown_cameras_, 1);
  EXPECT_EQ(viewer->of("camera").size(), 1);
  EXPECT_TRUE(demands_.back().cameras.contains(yard.id));
  // A list that was read before the camera was added must not make it blink.
  hub_.set_cameras({entrance_, hall_});
  EXPECT_EQ(viewer->of("camera").size(), 1);
  clock_.advance(6s);
  hub_.set_cameras({entrance_, hall_});
  EXPECT_EQ(viewer->of("camera").back().payload.at("state").as_string(), "removed");
}

TEST_F(Hub, what_media_still_says_of_a_removed_camera_does_not_bring_it_back) {
  const auto viewer = connect_and_watch({});
  hub_.set_cameras({entrance_});
  viewer->events.clear();
  // Its session ends a moment later, and media says so.
  EXPECT_TRUE(tell(hall_, "offline", "Hall"));
  EXPECT_TRUE(viewer->of("camera").empty());
  EXPECT_EQ(connect()->of("camera").size(), 1) << "later viewers do not see it either";
  hub_.set_cameras({entrance_, hall_});  // A backup was restored.
  EXPECT_TRUE(tell(hall_, "live", "Hall"));
  EXPECT_EQ(viewer->of("camera").back().payload.at("state").as_string(), "live");
}

TEST_F(Hub, a_camera_that_never_appears_in_the_database_is_asked_for_until_it_is_removed) {
  const auto viewer = connect_and_watch({});
  const auto yard = camera(3, "Yard");
  EXPECT_TRUE(tell(yard, "live", "Yard"));
  hub_.set_cameras({entrance_, hall_});
  const int asked = unknown_cameras_;
  clock_.advance(6s);
  hub_.tick();
  EXPECT_GT(unknown_cameras_, asked);
  hub_.set_cameras({entrance_, hall_});
  EXPECT_EQ(viewer->of("camera").back().payload.at("state").as_string(), "removed");
}

TEST_F(Hub, when_one_node_of_two_goes_only_its_cameras_are_offline) {
  hub_.media_connected(kOther, "south");
  EXPECT_TRUE(tell(entrance_, "live"));
  EXPECT_TRUE(tell(hall_, "live", "Hall", kOther));
  const auto viewer = connect();
  viewer->events.clear();
  hub_.media_disconnected(kOther);
  const auto told = viewer->of("camera");
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].payload.at("camera_id").as_string(), hall_.id.str());
  EXPECT_EQ(told[0].payload.at("state").as_string(), "offline");
  EXPECT_FALSE(told[0].payload.at("reason").as_string().empty());
  EXPECT_TRUE(hub_.has_media());
}

TEST_F(Hub, what_a_node_says_of_a_camera_that_another_one_holds_reaches_nobody) {
  hub_.media_connected(kOther, "south");
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect_and_watch({{"max_fps", 60}});
  viewer->events.clear();
  EXPECT_TRUE(tell(entrance_, "offline", "Entrance", kOther)) << "as every node does at first";
  EXPECT_TRUE(frame(entrance_, 1, 640, kOther));
  EXPECT_THAT(viewer->of("camera"), IsEmpty());
  EXPECT_THAT(viewer->frames, IsEmpty());
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_EQ(viewer->frames.size(), 1);
}

TEST_F(Hub, a_camera_that_moves_to_another_node_is_shown_from_there_and_stays_so) {
  hub_.media_connected(kOther, "south");
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect_and_watch({{"max_fps", 60}});
  EXPECT_TRUE(frame(entrance_, 500));
  viewer->events.clear();
  EXPECT_TRUE(tell(entrance_, "connecting", "Entrance", kOther));
  EXPECT_THAT(viewer->of("camera"), IsEmpty()) << "its picture still comes from the first";
  EXPECT_TRUE(tell(entrance_, "live", "Entrance", kOther));
  EXPECT_EQ(states_of(*viewer), (std::vector<std::string>{"live"}));
  EXPECT_TRUE(asked_[kOther].cameras.contains(entrance_.id));
  EXPECT_FALSE(asked_[kNode].cameras.contains(entrance_.id));
  clock_.advance(1s);
  EXPECT_TRUE(frame(entrance_, 501));
  EXPECT_TRUE(frame(entrance_, 1, 640, kOther));
  EXPECT_THAT(viewer->sequence(), ElementsAre(500, 1));
  for (const char* state : {"live", "stale", "offline"}) EXPECT_TRUE(tell(entrance_, state));
  EXPECT_EQ(states_of(*viewer), (std::vector<std::string>{"live"}));
  hub_.media_disconnected(kNode);
  EXPECT_EQ(states_of(*viewer), (std::vector<std::string>{"live"}));
}

TEST_F(Hub, when_a_node_goes_a_camera_that_another_one_also_has_is_shown_from_there) {
  hub_.media_connected(kOther, "south");
  EXPECT_TRUE(tell(entrance_, "live", "Entrance", kOther));
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect_and_watch({{"max_fps", 60}});
  viewer->events.clear();
  hub_.media_disconnected(kNode);
  EXPECT_EQ(states_of(*viewer), (std::vector<std::string>{"live"}));
  EXPECT_TRUE(frame(entrance_, 1, 640, kOther));
  EXPECT_EQ(viewer->frames.size(), 1);
}

TEST_F(Hub, a_camera_nobody_has_is_offline_for_the_reason_of_the_node_that_last_had_it) {
  hub_.media_connected(kOther, "south");
  EXPECT_TRUE(tell(hall_, "live", "Hall", kOther));
  EXPECT_TRUE(tell(hall_, "offline", "Hall", kOther, "The camera has left."));
  EXPECT_TRUE(tell(hall_, "offline", "Hall", kNode, "not connected yet"));
  EXPECT_EQ(reason_of(hall_), "The camera has left.");
  hub_.media_disconnected(kOther);
  const auto gone = reason_of(hall_);
  EXPECT_NE(gone, "The camera has left.");
  EXPECT_TRUE(tell(hall_, "offline", "Hall", kNode, "not connected yet"));
  clock_.advance(2s);
  hub_.tick();
  EXPECT_EQ(reason_of(hall_), gone) << "its node is away, whatever others say";
  hub_.media_connected(kOther + 10, "south");
  EXPECT_TRUE(tell(hall_, "offline", "Hall", kOther + 10, "not connected yet"));
  EXPECT_EQ(reason_of(hall_), "not connected yet");
}

TEST_F(Hub, when_only_another_node_comes_back_the_reason_is_not_that_there_is_none) {
  EXPECT_TRUE(tell(entrance_, "live"));
  hub_.media_disconnected(kNode);
  const auto none = reason_of(entrance_);
  const auto viewer = connect();
  viewer->events.clear();
  hub_.media_connected(kOther, "south");
  EXPECT_TRUE(tell(entrance_, "offline", "Entrance", kOther, "not connected yet"));
  EXPECT_TRUE(tell(entrance_, "offline", "Entrance", kOther, "not connected yet"));
  EXPECT_NE(reason_of(entrance_), none);
  EXPECT_NE(reason_of(entrance_), "not connected yet") << "its own node is still away";
  EXPECT_EQ(viewer->of("camera").size(), 1) << "once";
}

TEST_F(Hub, why_a_camera_is_offline_outlives_that_another_node_connects) {
  EXPECT_TRUE(tell(hall_, "live", "Hall"));
  EXPECT_TRUE(tell(hall_, "offline", "Hall", kNode, "The camera has left."));
  hub_.media_connected(kOther, "south");
  clock_.advance(1s);
  hub_.tick();
  EXPECT_EQ(reason_of(hall_), "The camera has left.");
}

TEST_F(Hub, a_node_that_connects_leaves_the_cameras_of_another_alone) {
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect();
  viewer->events.clear();
  hub_.media_connected(kOther, "south");
  EXPECT_TRUE(tell(hall_, "offline", "Hall", kOther));
  viewer->events.clear();
  clock_.advance(1s);
  hub_.tick();
  EXPECT_THAT(viewer->of("camera"), IsEmpty());
}

}  // namespace
}  // namespace surveillx::webapp
