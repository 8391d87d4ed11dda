#include "surveillx/live/demand.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::live {
namespace {

constexpr char kCamera[] = "0b0e7a8e-4c0f-4a53-9d5a-2f4f1b2c3d4e";

Result<Demand> parse(const std::string& text) {
  return Demand::from_json(boost::json::parse(text).as_object());
}

TEST(Demand, the_complete_demand_is_read_by_camera) {
  const auto demand = parse(std::string(R"({"cameras":{")") + kCamera +
                            R"(":{"fps":12.5,"widths":[640,320,640]}}})");
  ASSERT_TRUE(demand);
  const CameraDemand& one = demand->cameras.at(CameraId::trusted(kCamera));
  EXPECT_EQ(one.fps, 12.5);
  EXPECT_EQ(one.widths, (std::vector<int>{320, 640}));
  EXPECT_TRUE(one.wanted());
  EXPECT_EQ(*Demand::from_json(demand->to_json()), *demand);
}

TEST(Demand, an_empty_demand_wants_nothing) {
  EXPECT_TRUE(parse(R"({"cameras":{}})")->cameras.empty());
  EXPECT_FALSE(CameraDemand{}.wanted());
}

TEST(Demand, rates_are_clamped) {
  const auto demand = parse(std::string(R"({"cameras":{")") + kCamera +
                            R"(":{"fps":1e9,"widths":[640]}}})");
  EXPECT_EQ(demand->cameras.at(CameraId::trusted(kCamera)).fps, 60);
}

TEST(Demand, wrong_shapes_are_named_and_not_obeyed) {
  const std::string id = std::string("\"") + kCamera + "\"";
  for (const std::string& text : {
           std::string("{}"), std::string(R"({"cameras":[]})"),
           std::string(R"({"cameras":{"one":{}}})"), "{\"cameras\":{" + id + ":{}}}",
           "{\"cameras\":{" + id + ":{\"fps\":\"5\",\"widths\":[640]}}}",
           "{\"cameras\":{" + id + ":{\"fps\":5,\"widths\":640}}}",
           "{\"cameras\":{" + id + ":{\"fps\":5,\"widths\":[641]}}}",
           "{\"cameras\":{" + id + ":{\"fps\":5,\"widths\":[320,640,1280]}}}",
       }) {
    const auto demand = parse(text);
    ASSERT_FALSE(demand) << text;
    EXPECT_TRUE(demand.error().is(kMalformed));
  }
}

TEST(Widths, a_width_belongs_to_the_smallest_that_is_not_smaller) {
  EXPECT_EQ(width_class(1), 320);
  EXPECT_EQ(width_class(320), 320);
  EXPECT_EQ(width_class(321), 640);
  EXPECT_EQ(width_class(640), 640);
  EXPECT_EQ(width_class(641), 1280);
  EXPECT_EQ(width_class(4096), 1280);
}

}  // namespace
}  // namespace surveillx::live
