#include "viewer_hub.hpp"

#include "surveillx/live/frame.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr NodeId kNode = 1;
constexpr NodeId kOther = 2;

struct Sent {
  std::string event;
  json::object payload;
  bool binary = false;
  const void* encoded = nullptr;
};

/// What all viewers share, by the pointer they were given.
using Encodings = std::map<const void*, Sent>;

class FakeViewer : public ViewerSink {
 public:
  explicit FakeViewer(const Encodings& encodings) : encodings_(encodings) {}
  void emit(const socketio::EncodedEventPtr& event) override {
    events.push_back(encodings_.at(event.get()));
  }
  bool emit_latest(std::string_view slot, const socketio::EncodedEventPtr& event) override {
    if (slot == "status") {
      beats.push_back(encodings_.at(event.get()));
      return !slow;
    }
    slots.emplace_back(slot);
    frames.push_back(encodings_.at(event.get()));
    return !slow;
  }
  [[nodiscard]] std::vector<Sent> of(std::string_view event) const {
    std::vector<Sent> result;
    for (const auto& sent : events) {
      if (sent.event == event) result.push_back(sent);
    }
    return result;
  }
  [[nodiscard]] std::vector<std::int64_t> sequence() const {
    std::vector<std::int64_t> result;
    for (const auto& frame : frames) result.push_back(frame.payload.at("seq").as_int64());
    return result;
  }

  std::vector<Sent> events;
  std::vector<Sent> frames;
  std::vector<Sent> beats;  ///< `status` after the greeting.
  std::vector<std::string> slots;
  bool slow = false;

 private:
  const Encodings& encodings_;
};

class Hub : public testing::Test {
 protected:
  Hub() : hub_(clock_, options()) {
    hub_.set_cameras({entrance_, hall_});
    hub_.media_connected(kNode);
    demands_.clear();
  }

  HubOptions options() {
    HubOptions options;
    options.version = "1.2.3";
    options.encode = [this](std::string_view event, const socketio::Arguments& arguments) {
      auto encoded = socketio::encode_event("/stream", event, arguments);
      kept_.push_back(encoded);
      encodings_[encoded.get()] = Sent{std::string(event), arguments.args.at(0).as_object(),
                                       !arguments.attachments.empty(), encoded.get()};
      return encoded;
    };
    options.on_demand = [this](NodeId node, const live::Demand& demand) {
      if (node == kNode) demands_.push_back(demand);
      asked_[node] = demand;
    };
    options.on_unknown_camera = [this] { ++unknown_cameras_; };
    options.is_news = [this](const live::Attendance&) { return news_; };
    return options;
  }

  static domain::Camera camera(std::int64_t number, std::string name) {
    domain::Camera result;
    result.id = CameraId::random();
    result.number = number;
    result.name = std::move(name);
    return result;
  }

  std::shared_ptr<FakeViewer> connect(ViewerId* id = nullptr) {
    auto viewer = std::make_shared<FakeViewer>(encodings_);
    const auto given = hub_.add_viewer(viewer);
    if (id != nullptr) *id = given;
    return viewer;
  }
  /// A viewer of the newer kind.
  std::shared_ptr<FakeViewer> connect_and_watch(json::object wish, ViewerId* id = nullptr) {
    ViewerId given = 0;
    auto viewer = connect(&given);
    (void)watch(given, std::move(wish));
    if (id != nullptr) *id = given;
    return viewer;
  }
  json::object watch(ViewerId id, json::value wish) {
    socketio::Arguments arguments;
    arguments.args.emplace_back(std::move(wish));
    return hub_.watch(id, arguments).args.at(0).as_object();
  }
  bool frame(const domain::Camera& camera, std::int64_t seq, int width = 640,
             NodeId node = kNode) {
    socketio::Arguments arguments;
    json::object object;
    object["camera_id"] = camera.id.str();
    object["seq"] = seq;
    object["timestamp"] = to_millis(clock_.now());
    object["width"] = width;
    object["height"] = width * 9 / 16;
    object["frame"] = socketio::attach(arguments, Bytes{0xFF, 0xD8, 0xFF, 0xD9});
    arguments.args.emplace_back(std::move(object));
    return hub_.media_event(node, "frame", arguments);
  }
  bool tell(const domain::Camera& camera, const char* state, std::string name = "Entrance",
            NodeId node = kNode) {
    socketio::Arguments arguments;
    json::object object;
    object["camera_id"] = camera.id.str();
    object["name"] = name;
    object["state"] = state;
    object["reason"] = nullptr;
    object["fps"] = 29.9;
    object["width"] = 1280;
    object["height"] = 720;
    object["codec"] = "VP8";
    arguments.args.emplace_back(std::move(object));
    return hub_.media_event(node, "camera", arguments);
  }
  bool detection(const domain::Camera& camera) {
    socketio::Arguments arguments;
    json::object object;
    object["camera_id"] = camera.id.str();
    object["seq"] = 1;
    object["timestamp"] = 1;
    object["faces"] = json::array();
    arguments.args.emplace_back(std::move(object));
    return hub_.media_event(kNode, "detection", arguments);
  }

  ManualClock clock_;
  Encodings encodings_;
  std::vector<socketio::EncodedEventPtr> kept_;
  std::vector<live::Demand> demands_;        ///< Of `kNode`.
  std::map<NodeId, live::Demand> asked_;  ///< Of each node the last.
  int unknown_cameras_ = 0;
  bool news_ = true;
  domain::Camera entrance_ = camera(1, "Entrance");
  domain::Camera hall_ = camera(2, "Hall");
  ViewerHub hub_;
};

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
  hub_.media_connected(kNode);
  ASSERT_EQ(demands_.size(), 1);
  EXPECT_EQ(demands_[0].cameras.size(), 2);
}

TEST_F(Hub, without_viewers_media_is_told_to_encode_nothing) {
  hub_.media_disconnected(kNode);
  hub_.media_connected(kNode);
  ASSERT_EQ(demands_.size(), 1);
  EXPECT_TRUE(demands_[0].cameras.empty());
}

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
  hub_.media_connected(kNode);
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
  EXPECT_TRUE(demands_.back().cameras.contains(yard.id)) << "`all` holds for cameras that come later";
  EXPECT_FALSE(demands_.back().cameras.contains(hall_.id));
  EXPECT_FALSE(frame(hall_, 1)) << "media has not heard of it yet";
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

TEST_F(Hub, when_one_node_of_two_goes_only_its_cameras_are_offline) {
  hub_.media_connected(kOther);
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
  hub_.media_connected(kOther);
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect_and_watch({{"max_fps", 60}});
  viewer->events.clear();
  EXPECT_TRUE(tell(entrance_, "offline", "Entrance", kOther)) << "as every node does at first";
  EXPECT_TRUE(frame(entrance_, 1, 640, kOther));
  EXPECT_THAT(viewer->of("camera"), IsEmpty());
  EXPECT_THAT(viewer->frames, IsEmpty());
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_EQ(viewer->frames.size(), 1);
  EXPECT_TRUE(tell(entrance_, "connecting", "Entrance", kOther)) << "it has moved";
  EXPECT_EQ(viewer->of("camera").size(), 1);
  EXPECT_TRUE(tell(entrance_, "offline"));
  EXPECT_EQ(viewer->of("camera").size(), 1);
}

TEST_F(Hub, a_camera_s_demand_goes_to_its_node_and_to_all_while_nobody_holds_it) {
  hub_.media_connected(kOther);
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

TEST_F(Hub, a_node_that_connects_leaves_the_cameras_of_another_alone) {
  EXPECT_TRUE(tell(entrance_, "live"));
  const auto viewer = connect();
  viewer->events.clear();
  hub_.media_connected(kOther);
  EXPECT_TRUE(tell(hall_, "offline", "Hall", kOther));
  viewer->events.clear();
  clock_.advance(1s);
  hub_.tick();
  EXPECT_THAT(viewer->of("camera"), IsEmpty());
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
