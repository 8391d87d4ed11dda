#include "hub_fixture.hpp"

#include <boost/json/serialize.hpp>

namespace surveillx::webapp {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

TEST_F(Hub, a_viewer_is_greeted_and_told_every_camera) {
  const auto viewer = connect();
  ASSERT_EQ(viewer->events.size(), 3);
  EXPECT_EQ(viewer->events[0].event, "status");
  EXPECT_EQ(viewer->events[0].payload.at("connected").as_bool(), true);
  EXPECT_EQ(viewer->events[0].payload.at("version").as_string(), "1.2.3");
  EXPECT_EQ(viewer->of("camera").size(), 2);
  EXPECT_EQ(viewer->of("camera")[0].payload.at("state").as_string(), "offline");
}

TEST_F(Hub, a_viewer_hears_from_the_server_every_two_seconds_though_nothing_happens) {
  const auto viewer = connect_and_watch({{"cameras", json::array()}});
  hub_.tick();
  viewer->beats.clear();
  for (int tenth = 0; tenth < 100; ++tenth) {
    clock_.advance(100ms);
    hub_.tick();
  }
  ASSERT_EQ(viewer->beats.size(), 5);
  EXPECT_EQ(viewer->beats.back().payload.at("server_time").as_int64(), to_millis(clock_.now()));
  // The greeting only: of the rest no more than the latest may wait for a viewer that is slow.
  EXPECT_EQ(viewer->of("status").size(), 1);
}

TEST_F(Hub, watching_answers_with_the_cameras_that_exist) {
  ViewerId id = 0;
  (void)connect(&id);
  auto answer = watch(id, {{"cameras", {hall_.id.str(), new_uuid(), hall_.id.str(), "nonsense"}}});
  EXPECT_TRUE(answer.at("ok").as_bool());
  EXPECT_EQ(json::serialize(answer.at("cameras")), "[\"" + hall_.id.str() + "\"]");
  answer = watch(id, json::object());
  EXPECT_EQ(answer.at("cameras").as_array().size(), 2);
}

TEST_F(Hub, a_malformed_watch_is_refused_and_the_earlier_one_stays) {
  ViewerId id = 0;
  const auto viewer = connect_and_watch({{"cameras", {hall_.id.str()}}}, &id);
  for (const json::value& bad :
       {json::value("all"), json::value({{"cameras", "all"}}), json::value({{"max_fps", "15"}}),
        json::value({{"cameras", {1}}})}) {
    const auto answer = watch(id, bad);
    EXPECT_FALSE(answer.at("ok").as_bool());
    EXPECT_EQ(answer.at("error").as_string(), "bad_request");
  }
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_TRUE(frame(hall_, 1));
  EXPECT_EQ(viewer->frames.size(), 1);
}

TEST_F(Hub, more_than_20_watches_a_second_are_refused) {
  ViewerId id = 0;
  (void)connect(&id);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(watch(id, json::object()).at("ok").as_bool());
  EXPECT_EQ(watch(id, json::object()).at("error").as_string(), "too_many_requests");
  clock_.advance(1s);
  EXPECT_TRUE(watch(id, json::object()).at("ok").as_bool());
}

TEST_F(Hub, demand_is_the_most_that_any_viewer_wants_and_is_told_on_change_only) {
  ViewerId first = 0;
  (void)connect_and_watch({{"cameras", {hall_.id.str()}}, {"max_fps", 5}, {"max_width", 320}},
                          &first);
  ASSERT_EQ(demands_.size(), 1);
  EXPECT_EQ(demands_[0].cameras.size(), 1);
  EXPECT_EQ(demands_[0].cameras.at(hall_.id), (live::CameraDemand{5, {320}}));
  ViewerId second = 0;
  (void)connect_and_watch({{"max_fps", 12}, {"max_width", 640}}, &second);
  (void)connect_and_watch({{"max_fps", 12}, {"max_width", 640}});
  ASSERT_EQ(demands_.size(), 2) << "the third wants nothing new";
  EXPECT_EQ(demands_[1].cameras.at(hall_.id), (live::CameraDemand{12, {320, 640}}));
  EXPECT_EQ(demands_[1].cameras.at(entrance_.id), (live::CameraDemand{12, {640}}));
  hub_.remove_viewer(second);
  EXPECT_EQ(demands_.size(), 2);
  hub_.remove_viewer(first);
  ASSERT_EQ(demands_.size(), 3);
  EXPECT_EQ(demands_[2].cameras.at(hall_.id), (live::CameraDemand{12, {640}}));
}

TEST_F(Hub, of_three_wishes_the_smallest_and_the_widest_are_demanded) {
  for (const int width : {320, 640, 1280}) (void)connect_and_watch({{"max_width", width}});
  EXPECT_EQ(demands_.back().cameras.at(hall_.id).widths, (std::vector<int>{320, 1280}));
}

TEST_F(Hub, media_gets_the_whole_demand_when_it_connects) {
  hub_.media_disconnected(kNode);
  (void)connect_and_watch({});
  EXPECT_THAT(demands_, IsEmpty()) << "nobody to tell";
  hub_.media_connected(kNode, "north");
  ASSERT_EQ(demands_.size(), 1);
  EXPECT_EQ(demands_[0].cameras.size(), 2);
}

TEST_F(Hub, without_viewers_media_is_told_to_encode_nothing) {
  hub_.media_disconnected(kNode);
  hub_.media_connected(kNode, "north");
  ASSERT_EQ(demands_.size(), 1);
  EXPECT_TRUE(demands_[0].cameras.empty());
}

TEST_F(Hub, a_watch_of_a_camera_that_is_not_known_yet_holds_when_it_is) {
  ViewerId id = 0;
  const auto yard = camera(3, "Yard");
  const auto viewer = connect_and_watch({{"cameras", {yard.id.str()}}}, &id);
  hub_.set_cameras({entrance_, hall_, yard});
  ASSERT_FALSE(demands_.empty());
  EXPECT_TRUE(demands_.back().cameras.contains(yard.id));
  EXPECT_TRUE(frame(yard, 1));
  EXPECT_EQ(viewer->frames.size(), 1);
}

TEST_F(Hub, a_watch_of_a_camera_that_media_knows_first_holds_from_then_on) {
  const auto yard = camera(3, "Yard");
  const auto viewer = connect_and_watch({{"cameras", {yard.id.str()}}});
  EXPECT_TRUE(tell(yard, "live", "Yard"));
  EXPECT_TRUE(frame(yard, 1));
  clock_.advance(6s);  // Longer than it may be without the database.
  hub_.set_cameras({entrance_, hall_});
  hub_.set_cameras({entrance_, hall_, yard});
  EXPECT_TRUE(demands_.back().cameras.contains(yard.id));
  EXPECT_TRUE(frame(yard, 2));
  EXPECT_EQ(viewer->frames.size(), 2);
}

TEST_F(Hub, detections_go_to_those_who_watch_the_camera) {
  const auto all = connect();
  const auto hall_only = connect_and_watch({{"cameras", {hall_.id.str()}}});
  EXPECT_TRUE(detection(entrance_));
  EXPECT_EQ(all->of("detection").size(), 1);
  EXPECT_THAT(hall_only->of("detection"), IsEmpty());
  EXPECT_FALSE(detection(camera(9, "unknown")));
}

TEST_F(Hub, attendance_goes_to_everybody) {
  const auto viewer = connect_and_watch({{"cameras", json::array()}});
  socketio::Arguments arguments;
  json::object object{{"person_id", new_uuid()}, {"name", "Ada"},  {"day", "2026-11-23"},
                      {"first_seen", 1},         {"last_seen", 2}, {"camera_id", nullptr},
                      {"status", "present"},     {"new", true}};
  arguments.args.emplace_back(object);
  EXPECT_TRUE(hub_.media_event(kNode, "attendance", arguments));
  EXPECT_EQ(viewer->of("attendance").size(), 1);
}

TEST_F(Hub, attendance_that_is_no_news_is_taken_and_told_to_nobody) {
  const auto viewer = connect_and_watch({});
  live::Attendance attendance;
  attendance.person_id = PersonId::random();
  attendance.day = "2026-11-23";
  attendance.status = "present";
  const auto event = socketio::one_object(attendance.to_json());
  news_ = false;
  EXPECT_TRUE(hub_.media_event(kNode, "attendance", event));
  EXPECT_THAT(viewer->of("attendance"), IsEmpty());
  EXPECT_EQ(hub_.stats().malformed, 0);
  hub_.tell_attendance(attendance);
  ASSERT_EQ(viewer->of("attendance").size(), 1);
  EXPECT_EQ(viewer->of("attendance")[0].payload, attendance.to_json());
}

TEST_F(Hub, malformed_media_events_are_counted_and_not_passed_on) {
  const auto viewer = connect_and_watch({});
  const auto before = viewer->events.size();
  socketio::Arguments arguments;
  arguments.args = {json::object{{"camera_id", entrance_.id.str()}}};
  for (const char* event : {"frame", "detection", "attendance", "camera"}) {
    EXPECT_FALSE(hub_.media_event(kNode, event, arguments)) << event;
  }
  EXPECT_FALSE(hub_.media_event(kNode, "shutdown", arguments));
  EXPECT_EQ(hub_.stats().malformed, 5);
  EXPECT_EQ(viewer->events.size(), before);
}

TEST_F(Hub, a_camera_s_demand_goes_to_its_node_and_to_all_while_nobody_holds_it) {
  hub_.media_connected(kOther, "south");
  (void)connect_and_watch({});
  EXPECT_EQ(asked_[kNode].cameras.size(), 2);
  EXPECT_EQ(asked_[kOther].cameras.size(), 2);
  EXPECT_TRUE(tell(hall_, "live", "Hall", kOther));
  EXPECT_FALSE(asked_[kNode].cameras.contains(hall_.id));
  EXPECT_TRUE(asked_[kNode].cameras.contains(entrance_.id));
  EXPECT_EQ(asked_[kOther].cameras.size(), 2);
  hub_.media_disconnected(kOther);
  EXPECT_EQ(asked_[kNode].cameras.size(), 2) << "it may come here";
}

}  // namespace
}  // namespace surveillx::webapp
