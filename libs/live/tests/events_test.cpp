#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace surveillx::live {
namespace {

namespace json = boost::json;

domain::Face face(domain::FaceStatus status) {
  domain::Face one;
  one.track_id = 7;
  one.box = {0.25, 0.5, 0.125, 0.25};
  one.status = status;
  one.confidence = 0.75;
  return one;
}

Detection detection() {
  Detection one;
  one.camera_id = CameraId::random();
  one.seq = 42;
  one.timestamp = from_millis(1'795'430'400'000);
  auto known = face(domain::FaceStatus::known);
  known.person_id = PersonId::random();
  known.name = "Ada";
  one.faces = {known, face(domain::FaceStatus::unknown)};
  return one;
}

CameraReport report() {
  return {CameraId::random(), "Entrance", domain::CameraState::live, "", 29.5, 1280, 720, "VP8"};
}

struct Member {
  const char* name;
  json::value value;
};

/// The same with one member replaced.
json::object with(json::object object, const char* name, json::value value) {
  object[name] = std::move(value);
  return object;
}

TEST(Detection, a_face_has_a_name_only_when_it_is_known) {
  auto one = detection();
  one.faces[1].name = "must not be shown";
  const auto object = one.to_json();
  const auto& faces = object.at("faces").as_array();
  EXPECT_EQ(faces.at(0).at("name").as_string(), "Ada");
  EXPECT_TRUE(faces.at(1).at("name").is_null());
  EXPECT_TRUE(faces.at(1).at("person_id").is_null());
}

TEST(Detection, what_was_written_is_read_as_it_was) {
  const auto one = detection();
  const auto same = Detection::from_json(one.to_json());
  ASSERT_TRUE(same);
  EXPECT_EQ(same->camera_id, one.camera_id);
  EXPECT_EQ(same->seq, 42);
  EXPECT_EQ(same->timestamp, one.timestamp);
  ASSERT_EQ(same->faces.size(), 2U);
  EXPECT_EQ(same->faces[0].track_id, 7);
  EXPECT_EQ(same->faces[0].box, one.faces[0].box);
  EXPECT_EQ(same->faces[0].person_id, one.faces[0].person_id);
  EXPECT_EQ(same->faces[0].name, "Ada");
  EXPECT_EQ(same->faces[1].status, domain::FaceStatus::unknown);
  EXPECT_EQ(same->faces[1].confidence, 0.75);
}

TEST(Detection, a_name_beside_a_face_that_is_not_known_is_not_kept) {
  auto object = detection().to_json();
  object.at("faces").as_array().at(1).as_object()["name"] = "Ada";
  const auto read = Detection::from_json(object);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->faces[1].name.empty());
}

TEST(Detection, faces_that_are_no_faces_are_refused) {
  const auto whole = detection().to_json();
  const auto& known = whole.at("faces").as_array().at(0).as_object();
  for (const auto& [name, value] : std::initializer_list<Member>{
           {"track_id", "7"},
           {"track_id", 7.5},
           {"box", json::array{0, 0, 1}},
           {"box", json::array{0, 0, 1, 1.5}},
           {"box", json::array{-0.1, 0, 1, 1}},
           {"status", "somebody"},
           {"person_id", "Ada"},
           {"name", 1},
           {"name", json::string(501, 'a')},
           {"confidence", 1.01},
           {"confidence", -0.01}}) {
    json::array faces;
    faces.emplace_back(with(known, name, value));
    EXPECT_FALSE(Detection::from_json(with(whole, "faces", faces))) << name;
  }
  EXPECT_FALSE(Detection::from_json(with(whole, "faces", json::array{1})));
}

TEST(Detection, more_than_256_faces_are_refused) {
  auto one = detection();
  one.faces.assign(256, face(domain::FaceStatus::pending));
  EXPECT_TRUE(Detection::from_json(one.to_json()));
  one.faces.push_back(face(domain::FaceStatus::pending));
  const auto read = Detection::from_json(one.to_json());
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().is(kMalformed));
  EXPECT_NE(read.error().message.find("faces"), std::string::npos);
}

TEST(Camera, one_that_is_not_live_has_no_rate) {
  auto one = report();
  EXPECT_EQ(one.to_json().at("fps").as_double(), 29.5);
  one.state = domain::CameraState::stale;
  one.reason = "no picture for 2 seconds";
  auto object = one.to_json();
  EXPECT_EQ(object.at("fps").as_double(), 0);
  object["fps"] = 29.5;
  EXPECT_EQ(CameraReport::from_json(object)->fps, 0);
}

TEST(Camera, nothing_to_say_is_null) {
  const auto one = report();
  EXPECT_TRUE(one.to_json().at("reason").is_null());
  EXPECT_EQ(*CameraReport::from_json(one.to_json()), one);
}

TEST(Camera, what_is_out_of_range_is_refused) {
  const auto whole = report().to_json();
  for (const auto& [name, value] : std::initializer_list<Member>{
           {"camera_id", "1"},
           {"name", json::string(501, 'a')},
           {"state", "asleep"},
           {"reason", 0},
           {"fps", -1},
           {"width", -1},
           {"width", 16'385},
           {"height", 720.5},
           {"codec", json::string(17, 'V')}}) {
    EXPECT_FALSE(CameraReport::from_json(with(whole, name, value))) << name;
  }
  EXPECT_TRUE(CameraReport::from_json(with(whole, "width", 1280.0)))
      << "how some libraries write a whole number";
}

TEST(AttendanceEvent, it_is_made_of_a_record_and_read_as_it_was_written) {
  domain::AttendanceRecord record;
  record.person_id = PersonId::random();
  record.person = "Ada";
  record.day = "2026-11-22";
  record.first_seen = from_millis(1'000);
  record.last_seen = from_millis(2'000);
  auto one = Attendance::of(record);
  EXPECT_EQ(one.name, "Ada");
  EXPECT_EQ(one.status, "present");
  EXPECT_TRUE(one.to_json().at("camera_id").is_null());
  EXPECT_FALSE(one.to_json().contains("corrected"));
  for (const bool corrected : {false, true}) {
    one.camera_id = corrected ? std::nullopt : std::optional(CameraId::random());
    one.is_new = !corrected;
    one.corrected = corrected;
    const auto same = Attendance::from_json(one.to_json());
    ASSERT_TRUE(same);
    EXPECT_EQ(*same, one);
  }
}

TEST(FrameEvent, only_web_says_when_it_queued_a_frame) {
  Frame frame;
  frame.camera_id = CameraId::random();
  frame.seq = 1;
  frame.width = 640;
  frame.height = 360;
  EXPECT_FALSE(frame.to_json("/9g=").contains("server_time"));
  frame.server_time = from_millis(5);
  EXPECT_EQ(frame.to_json("/9g=").at("server_time").as_int64(), 5);
  const SharedBytes jpeg(Bytes{0xff, 0xd8});
  const auto read = Frame::from_json(frame.to_json("0"), [&](const json::value&) { return &jpeg; });
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->server_time);
  EXPECT_EQ(read->jpeg.data(), jpeg.data()) << "shared, not copied";
}

TEST(FrameEvent, one_without_its_picture_is_refused) {
  Frame frame;
  frame.camera_id = CameraId::random();
  frame.seq = 1;
  frame.width = 640;
  frame.height = 360;
  const SharedBytes nothing;
  for (const SharedBytes* found : {static_cast<const SharedBytes*>(nullptr), &nothing}) {
    EXPECT_FALSE(Frame::from_json(frame.to_json("0"), [&](const json::value&) { return found; }));
  }
}

}  // namespace
}  // namespace surveillx::live
