#include "hub_fixture.hpp"

namespace surveillx::webapp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Hub, a_viewer_that_never_watches_gets_base64_of_every_camera_at_15_fps_and_640) {
  const auto viewer = connect();
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_THAT(viewer->frames, IsEmpty()) << "it has 500 ms to watch";
  clock_.advance(500ms);
  hub_.tick();
  ASSERT_EQ(demands_.size(), 1);
  EXPECT_EQ(demands_[0].cameras.at(entrance_.id), (live::CameraDemand{15, {640}}));
  EXPECT_EQ(demands_[0].cameras.at(hall_.id), (live::CameraDemand{15, {640}}));
  EXPECT_TRUE(frame(entrance_, 2));
  ASSERT_EQ(viewer->frames.size(), 1);
  EXPECT_FALSE(viewer->frames[0].binary);
  EXPECT_EQ(viewer->frames[0].payload.at("frame").as_string(), "/9j/2Q==");
  EXPECT_EQ(viewer->frames[0].payload.at("server_time").as_int64(), to_millis(clock_.now()));
}

TEST_F(Hub, a_viewer_that_watches_in_time_never_sees_base64) {
  ViewerId id = 0;
  const auto viewer = connect(&id);
  clock_.advance(499ms);
  hub_.tick();
  (void)watch(id, json::object());
  clock_.advance(1s);
  hub_.tick();
  EXPECT_TRUE(frame(entrance_, 1));
  ASSERT_EQ(viewer->frames.size(), 1);
  EXPECT_TRUE(viewer->frames[0].binary);
}

TEST_F(Hub, an_original_viewer_that_watches_late_gets_attachments_from_then_on) {
  ViewerId id = 0;
  const auto viewer = connect(&id);
  clock_.advance(2s);
  hub_.tick();
  EXPECT_TRUE(frame(entrance_, 1));
  (void)watch(id, json::object());
  clock_.advance(1s);
  EXPECT_TRUE(frame(entrance_, 2));
  ASSERT_EQ(viewer->frames.size(), 2);
  EXPECT_FALSE(viewer->frames[0].binary);
  EXPECT_TRUE(viewer->frames[1].binary);
}

TEST_F(Hub, a_frame_is_encoded_once_per_form_however_many_watch) {
  std::vector<std::shared_ptr<FakeViewer>> viewers;
  for (int i = 0; i < 3; ++i) viewers.push_back(connect());
  clock_.advance(1s);
  hub_.tick();
  for (int i = 0; i < 3; ++i) viewers.push_back(connect_and_watch({}));
  const auto before = kept_.size();
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_EQ(kept_.size() - before, 2);
  EXPECT_EQ(viewers[0]->frames[0].encoded, viewers[2]->frames[0].encoded);
  EXPECT_EQ(viewers[3]->frames[0].encoded, viewers[5]->frames[0].encoded);
  EXPECT_NE(viewers[0]->frames[0].encoded, viewers[3]->frames[0].encoded);
}

TEST_F(Hub, a_frame_nobody_wants_is_not_encoded) {
  const auto viewer = connect_and_watch({{"cameras", json::array()}});
  const auto before = kept_.size();
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_EQ(kept_.size(), before);
  EXPECT_THAT(viewer->frames, IsEmpty());
}

TEST_F(Hub, frames_are_thinned_evenly_for_each_viewer_alone) {
  const auto slow = connect_and_watch({{"max_fps", 10}});
  const auto fast = connect_and_watch({{"max_fps", 30}});
  // 30 fps with up to 4 ms of jitter, for three seconds.
  for (int i = 0; i < 90; ++i) {
    EXPECT_TRUE(frame(entrance_, i + 1));
    clock_.advance(std::chrono::milliseconds(33 + (i % 3 == 0 ? 4 : -2)));
  }
  EXPECT_NEAR(static_cast<double>(slow->frames.size()), 30, 1);
  EXPECT_GE(fast->frames.size(), 88);
  const auto sequence = slow->sequence();
  for (std::size_t i = 1; i < sequence.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(sequence[i] - sequence[i - 1]), 3, 1) << i;
  }
}

TEST_F(Hub, after_a_pause_frames_do_not_come_in_a_burst) {
  const auto viewer = connect_and_watch({{"max_fps", 5}});
  EXPECT_TRUE(frame(entrance_, 1));
  clock_.advance(10s);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(frame(entrance_, 2 + i));
    clock_.advance(10ms);
  }
  EXPECT_THAT(viewer->sequence(), ElementsAre(1, 2));
}

TEST_F(Hub, thinning_counts_each_camera_for_itself) {
  const auto viewer = connect_and_watch({{"max_fps", 1}});
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_TRUE(frame(hall_, 1));
  EXPECT_EQ(viewer->frames.size(), 2);
  EXPECT_NE(viewer->slots[0], viewer->slots[1]) << "one unsent frame a camera";
}

TEST_F(Hub, each_viewer_gets_the_widest_stream_it_asked_for) {
  const auto small = connect_and_watch({{"max_width", 320}, {"max_fps", 60}});
  const auto large = connect_and_watch({{"max_width", 1280}, {"max_fps", 60}});
  EXPECT_EQ(demands_.back().cameras.at(entrance_.id).widths, (std::vector<int>{320, 1280}));
  for (int seq = 1; seq <= 4; ++seq) {
    EXPECT_TRUE(frame(entrance_, seq, 320));
    EXPECT_TRUE(frame(entrance_, seq, 1280));
    clock_.advance(50ms);
  }
  EXPECT_EQ(small->frames.size(), 4);
  for (const auto& sent : small->frames) EXPECT_EQ(sent.payload.at("width").as_int64(), 320);
  for (std::size_t i = 1; i < large->frames.size(); ++i) {
    EXPECT_EQ(large->frames[i].payload.at("width").as_int64(), 1280) << i;
  }
  EXPECT_GE(large->frames.size(), 4);
}

TEST_F(Hub, a_wider_stream_that_ends_is_not_waited_for) {
  const auto viewer = connect_and_watch({{"max_width", 1280}, {"max_fps", 60}});
  for (int seq = 1; seq <= 3; ++seq) {
    EXPECT_TRUE(frame(entrance_, seq, 1280));
    clock_.advance(50ms);
  }
  for (int seq = 4; seq <= 9; ++seq) {
    EXPECT_TRUE(frame(entrance_, seq, 480));
    clock_.advance(50ms);
  }
  EXPECT_EQ(viewer->frames.size(), 3 + 4) << "two frames to notice";
}

TEST_F(Hub, a_picture_wider_than_asked_for_is_never_sent) {
  const auto viewer = connect_and_watch({{"max_width", 320}});
  EXPECT_TRUE(frame(entrance_, 1, 640));
  EXPECT_THAT(viewer->frames, IsEmpty());
}

TEST_F(Hub, the_second_copy_of_a_small_camera_is_ignored) {
  const auto viewer = connect_and_watch({{"max_width", 1280}, {"max_fps", 60}});
  EXPECT_TRUE(frame(entrance_, 1, 300));
  EXPECT_TRUE(frame(entrance_, 1, 300));
  EXPECT_EQ(viewer->frames.size(), 1);
}

TEST_F(Hub, a_frame_without_its_attachment_is_malformed) {
  live::Frame frame;
  frame.camera_id = entrance_.id;
  frame.seq = 1;
  frame.width = 640;
  frame.height = 360;
  socketio::Arguments arguments;
  arguments.args.emplace_back(frame.to_json(socketio::attach(arguments, Bytes{0xFF, 0xD8})));
  EXPECT_TRUE(hub_.media_event(kNode, "frame", arguments));
  arguments.attachments.clear();
  EXPECT_FALSE(hub_.media_event(kNode, "frame", arguments));
}

TEST_F(Hub, a_slow_viewers_drops_are_counted) {
  const auto viewer = connect_and_watch({{"max_fps", 60}});
  viewer->slow = true;
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_EQ(hub_.stats().frames_out, 1);
  EXPECT_EQ(hub_.stats().frames_replaced, 1);
}

TEST_F(Hub, a_new_session_of_a_camera_starts_again_at_one) {
  const auto viewer = connect_and_watch({{"max_fps", 60}});
  EXPECT_TRUE(frame(entrance_, 5000));
  clock_.advance(1s);
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_THAT(viewer->sequence(), ElementsAre(5000, 1));
}

}  // namespace
}  // namespace surveillx::webapp
