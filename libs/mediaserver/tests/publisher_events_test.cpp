#include "publisher.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace surveillx::mediaserver {
namespace {

TEST(PublisherEvents, web_s_word_reaches_whoever_wants_it_as_a_value) {
  PublisherEvents events;
  std::vector<live::Gallery> galleries;
  int demands = 0;
  events.on<live::Gallery>([&](const live::Gallery& gallery) { galleries.push_back(gallery); });
  events.on<live::Demand>([&](const live::Demand&) { ++demands; });
  EXPECT_TRUE(events.received("gallery", live::Gallery{7}.to_json()));
  ASSERT_EQ(galleries.size(), 1);
  EXPECT_EQ(galleries[0].revision, 7);
  EXPECT_EQ(demands, 0);
}

TEST(PublisherEvents, what_is_malformed_is_refused_and_handed_to_nobody) {
  PublisherEvents events;
  int galleries = 0;
  events.on<live::Gallery>([&](const live::Gallery&) { ++galleries; });
  const auto taken = events.received("gallery", {{"revision", "seven"}});
  ASSERT_FALSE(taken);
  EXPECT_TRUE(taken.error().is(live::kMalformed));
  EXPECT_EQ(galleries, 0);
}

TEST(PublisherEvents, what_nobody_wants_is_overlooked) {
  PublisherEvents events;
  EXPECT_TRUE(events.received("status", {{"connected", true}}));
}

/// As a new kind of publisher would begin: news go by the one way that all events share.
class Recorder final : public Publisher {
 public:
  void start() override {}
  void stop() override {}
  [[nodiscard]] bool connected() const override { return true; }
  void frame(const domain::Camera&, const live::Frame&) override {}
  void detection(const domain::Camera&, const live::Detection&) override {}
  [[nodiscard]] live::CameraDemand fixed_demand() const override { return {}; }

  std::vector<std::pair<std::string, boost::json::object>> sent;

 protected:
  void emit(std::string_view event, boost::json::object payload) override {
    sent.emplace_back(event, std::move(payload));
  }
};

TEST(Publisher, any_event_of_live_is_told_by_its_name_and_its_json) {
  Recorder recorder;
  Publisher& publisher = recorder;
  live::CameraReport report;
  report.camera_id = CameraId::random();
  report.name = "Entrance";
  publisher.camera(report);
  publisher.tell(live::Gallery{3});
  ASSERT_EQ(recorder.sent.size(), 2);
  EXPECT_EQ(recorder.sent[0].first, "camera");
  EXPECT_EQ(recorder.sent[0].second, report.to_json());
  EXPECT_EQ(recorder.sent[1].first, "gallery");
}

}  // namespace
}  // namespace surveillx::mediaserver
