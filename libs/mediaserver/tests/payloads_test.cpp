#include "payloads.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>
#include <string>

#include "demand.hpp"
#include "surveillx/test_support/support.hpp"

namespace surveillx::mediaserver {
namespace {

namespace json = boost::json;

/// The examples of contracts/fixtures/socketio/<name>.json, which the dashboard tests against too.
json::array examples(const std::string& name) {
  const auto text = test_support::read_file(std::string(SURVEILLX_SOURCE_DIR) +
                                            "/contracts/fixtures/socketio/" + name + ".json");
  return json::parse(text).at("examples").as_array();
}

std::set<std::string> members(const json::value& value) {
  std::set<std::string> names;
  for (const auto& member : value.as_object()) names.emplace(member.key());
  return names;
}

const CameraId kCamera = CameraId::trusted("0d4f4e0e-6b0a-4c55-9d0c-8a1c1f2b7a01");

EncodedFrame encoded_frame() {
  return {kCamera, 3, 42, from_millis(1'795'430'400'000), {640, 360}, SharedBytes(Bytes{0xff, 0xd8})};
}

TEST(Payloads, a_frame_has_the_contract_s_members_and_carries_its_jpeg_beside_the_json) {
  const auto payload = frame_payload(encoded_frame());
  EXPECT_EQ(members(payload.args.at(0)), members(examples("media_frame").at(0)));
  const auto* jpeg = socketio::attachment(payload, payload.args.at(0).at("frame"));
  ASSERT_NE(jpeg, nullptr);
  EXPECT_EQ(jpeg->size(), 2U);
}

TEST(Payloads, a_legacy_frame_is_what_the_original_server_expects) {
  const auto payload = legacy_frame_payload(encoded_frame());
  EXPECT_EQ(members(payload.args.at(0)), members(examples("legacy_frame").at(0)));
  EXPECT_TRUE(payload.attachments.empty());
  EXPECT_EQ(payload.args.at(0).at("camera_id").as_int64(), 3);
  EXPECT_EQ(payload.args.at(0).at("frame").as_string(), "/9g=");
  EXPECT_EQ(payload.args.at(0).at("timestamp").as_string(), "2026-11-23T10:40:00.000Z");
}

TEST(Payloads, a_face_has_a_name_only_when_it_is_known) {
  Detection detection;
  detection.camera = kCamera;
  domain::Face known;
  known.status = domain::FaceStatus::known;
  known.person_id = PersonId::random();
  known.name = "Ada";
  known.confidence = 0.9;
  domain::Face unknown;
  unknown.status = domain::FaceStatus::unknown;
  unknown.name = "must not be shown";
  detection.faces = {known, unknown};
  const auto payload = detection_payload(detection);
  const auto& faces = payload.args.at(0).at("faces").as_array();
  EXPECT_EQ(members(payload.args.at(0)), members(examples("detection").at(0)));
  EXPECT_EQ(members(faces.at(0)), members(examples("detection").at(0).at("faces").at(0)));
  EXPECT_EQ(faces.at(0).at("name").as_string(), "Ada");
  EXPECT_TRUE(faces.at(1).at("name").is_null());
  EXPECT_TRUE(faces.at(1).at("person_id").is_null());
}

TEST(Payloads, a_camera_that_is_not_live_has_no_rate) {
  CameraReport report;
  report.camera = {kCamera, 1, "Entrance", {}};
  report.state = domain::CameraState::stale;
  report.reason = "no picture for 2 seconds";
  report.fps = 29.9;
  const auto payload = camera_payload(report);
  EXPECT_EQ(members(payload.args.at(0)), members(examples("camera").at(0)));
  EXPECT_EQ(payload.args.at(0).at("fps").as_double(), 0);
  report.state = domain::CameraState::live;
  report.reason.clear();
  EXPECT_TRUE(camera_payload(report).args.at(0).at("reason").is_null());
}

TEST(Payloads, attendance_news_have_the_contract_s_members) {
  AttendanceNews news;
  news.record.person_id = PersonId::random();
  news.record.person = "Ada";
  news.record.day = "2026-11-22";
  news.camera = kCamera;
  news.is_new = true;
  EXPECT_EQ(members(attendance_payload(news).args.at(0)), members(examples("attendance").at(0)));
}

TEST(Payloads, every_example_of_a_demand_is_understood) {
  for (const auto& example : examples("demand")) EXPECT_TRUE(parse_demand(example));
}

}  // namespace
}  // namespace surveillx::mediaserver
