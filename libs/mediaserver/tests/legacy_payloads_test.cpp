#include "legacy_payloads.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <string>

#include "surveillx/test_support/support.hpp"

namespace surveillx::mediaserver {
namespace {

namespace json = boost::json;

std::set<std::string> members(const json::object& object) {
  std::set<std::string> names;
  for (const auto& member : object) names.emplace(member.key());
  return names;
}

domain::Camera camera() {
  domain::Camera one;
  one.id = CameraId::random();
  one.number = 3;
  return one;
}

TEST(LegacyPayloads, a_frame_is_what_the_original_server_expects) {
  live::Frame frame;
  frame.camera_id = CameraId::random();
  frame.timestamp = from_millis(1'795'430'400'000);
  frame.jpeg = Bytes{0xff, 0xd8};
  const auto object = legacy_frame(camera(), frame);
  const auto contract =
      json::parse(test_support::read_file(std::string(SURVEILLX_SOURCE_DIR) +
                                          "/contracts/fixtures/socketio/legacy_frame.json"));
  EXPECT_EQ(members(object), members(contract.at("examples").at(0).as_object()));
  EXPECT_EQ(object.at("camera_id").as_int64(), 3);
  EXPECT_EQ(object.at("frame").as_string(), "/9g=");
  EXPECT_EQ(object.at("timestamp").as_string(), "2026-11-23T10:40:00.000Z");
}

TEST(LegacyPayloads, a_detection_differs_from_web_s_in_the_camera_and_the_time_only) {
  live::Detection detection;
  detection.camera_id = CameraId::random();
  detection.seq = 42;
  detection.timestamp = from_millis(1'795'430'400'000);
  detection.faces.emplace_back();
  auto object = legacy_detection(camera(), detection);
  EXPECT_EQ(object.at("camera_id").as_int64(), 3);
  EXPECT_EQ(object.at("timestamp").as_string(), "2026-11-23T10:40:00.000Z");
  auto plain = detection.to_json();
  for (const char* name : {"camera_id", "timestamp"}) object[name] = plain.at(name);
  EXPECT_EQ(object, plain);
}

}  // namespace
}  // namespace surveillx::mediaserver
