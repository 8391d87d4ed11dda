#include "demand.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace surveillx::mediaserver {
namespace {

constexpr char kCamera[] = "0b0e7a8e-4c0f-4a53-9d5a-2f4f1b2c3d4e";

Result<std::map<CameraId, Demand>> parse(const std::string& text) {
  return parse_demand(boost::json::parse(text));
}

TEST(Demand, the_complete_demand_is_read_by_camera) {
  const auto demand = parse(std::string(R"({"cameras":{")") + kCamera +
                            R"(":{"fps":12.5,"widths":[640,320,640]}}})");
  ASSERT_TRUE(demand);
  const Demand& one = demand->at(CameraId::trusted(kCamera));
  EXPECT_EQ(one.fps, 12.5);
  EXPECT_EQ(one.widths, (std::vector<int>{320, 640}));
  EXPECT_TRUE(one.wanted());
}

TEST(Demand, an_empty_demand_wants_nothing) {
  EXPECT_TRUE(parse(R"({"cameras":{}})")->empty());
  EXPECT_FALSE(Demand{}.wanted());
}

TEST(Demand, rates_are_clamped) {
  const auto demand = parse(std::string(R"({"cameras":{")") + kCamera +
                            R"(":{"fps":1e9,"widths":[640]}}})");
  EXPECT_EQ(demand->at(CameraId::trusted(kCamera)).fps, 60);
}

TEST(Demand, wrong_shapes_are_named_and_not_obeyed) {
  const std::string id = std::string("\"") + kCamera + "\"";
  for (const std::string& text : {
           std::string("null"), std::string("[]"), std::string("{}"),
           std::string(R"({"cameras":[]})"), std::string(R"({"cameras":{"one":{}}})"),
           "{\"cameras\":{" + id + ":{}}}", "{\"cameras\":{" + id + ":{\"fps\":\"5\",\"widths\":[640]}}}",
           "{\"cameras\":{" + id + ":{\"fps\":5,\"widths\":640}}}",
           "{\"cameras\":{" + id + ":{\"fps\":5,\"widths\":[641]}}}",
           "{\"cameras\":{" + id + ":{\"fps\":5,\"widths\":[320,640,1280]}}}",
       }) {
    const auto demand = parse(text);
    ASSERT_FALSE(demand) << text;
    EXPECT_TRUE(demand.error().is(kBadDemand));
  }
}

/// How many of `length` seconds of frames at `source_fps` are taken for `wanted_fps`; every other
/// frame comes `jitter` late.
int taken(double source_fps, double wanted_fps, int length,
          std::chrono::microseconds jitter = {}) {
  FramePacer pacer;
  int count = 0;
  const int frames = static_cast<int>(source_fps * length);
  for (int i = 0; i < frames; ++i) {
    const auto at = std::chrono::microseconds(static_cast<long>(i * 1e6 / source_fps)) +
                    (i % 2 == 1 ? jitter : std::chrono::microseconds(0));
    count += pacer.take(SteadyTime(std::chrono::hours(1)) + at, wanted_fps) ? 1 : 0;
  }
  return count;
}

TEST(FramePacer, keeps_the_wanted_rate) {
  EXPECT_NEAR(taken(30, 15, 10), 150, 2);
  EXPECT_NEAR(taken(30, 10, 10), 100, 2);
  EXPECT_NEAR(taken(25, 10, 10), 100, 8);
  EXPECT_EQ(taken(30, 0, 1), 0);
}

TEST(FramePacer, takes_every_frame_of_a_camera_that_is_no_faster_than_wanted_despite_jitter) {
  EXPECT_EQ(taken(30, 30, 10, std::chrono::milliseconds(3)), 300);
  EXPECT_EQ(taken(10, 30, 10, std::chrono::milliseconds(3)), 100);
}

TEST(FramePacer, does_not_catch_up_after_a_pause) {
  FramePacer pacer;
  SteadyTime now{std::chrono::hours(1)};
  EXPECT_TRUE(pacer.take(now, 10));
  now += std::chrono::seconds(5);
  EXPECT_TRUE(pacer.take(now, 10));
  EXPECT_FALSE(pacer.take(now + std::chrono::milliseconds(10), 10));
}

}  // namespace
}  // namespace surveillx::mediaserver
