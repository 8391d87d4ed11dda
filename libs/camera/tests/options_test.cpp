#include "surveillx/camera/back_off.hpp"
#include "surveillx/camera/publisher.hpp"

#include "sender.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace surveillx::camera {
namespace {

using namespace std::chrono_literals;

TEST(CameraOptions, source_is_one_of_four_kinds) {
  struct Case {
    const char* text;
    SourceSpec::Kind kind;
    const char* path;
    int device;
  };
  const std::vector<Case> cases{
      {"demo", SourceSpec::Kind::demo, "", 0},
      {"test", SourceSpec::Kind::test, "", 0},
      {"file:a/b c.mp4", SourceSpec::Kind::file, "a/b c.mp4", 0},
      {"file:C:\\clip.mp4", SourceSpec::Kind::file, "C:\\clip.mp4", 0},
      {"device", SourceSpec::Kind::device, "", 0},
      {"device:2", SourceSpec::Kind::device, "", 2},
  };
  for (const Case& c : cases) {
    const auto parsed = parse_source(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, (SourceSpec{c.kind, c.path, c.device})) << c.text;
  }
  for (const char* const bad : {"", "Demo", "file:", "file", "device:", "device:x", "device:-1",
                                "device:1x", "webcam", "device:99999"}) {
    const auto parsed = parse_source(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().name, kInvalidArgument);
  }
}

TEST(CameraOptions, size_is_even_and_bounded) {
  EXPECT_EQ(*parse_size("1280x720"), (frame::Size{1280, 720}));
  EXPECT_EQ(*parse_size("4096x2304"), (frame::Size{4096, 2304}));
  for (const char* const bad : {"", "1280", "1280x", "x720", "1281x720", "1280x721", "100x100",
                                "8192x4320", "1280x720x3", "1280X720", "-640x480"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(CameraOptions, servers_of_a_welcome_have_its_account_and_go_to_webrtcbin_one_a_url) {
  const auto servers =
      servers_of({{{"stun:stun.example"}, "", ""},
                  {{"turn:a?transport=udp", "http://b", "turns:[::1]"}, "17:cam", "a/b="}});
  std::vector<std::string> urls;
  for (const auto& server : servers) urls.push_back(server.element_url());
  EXPECT_EQ(urls, (std::vector<std::string>{"stun://stun.example:3478",
                                            "turn://17%3Acam:a%2Fb%3D@a:3478?transport=udp",
                                            "turns://17%3Acam:a%2Fb%3D@[::1]:5349"}));
}

TEST(CameraOptions, publisher_refuses_what_cannot_work) {
  PublisherOptions good;
  good.server = "ws://127.0.0.1:1";
  good.token = "t";
  struct Case {
    const char* what;
    std::function<void(PublisherOptions&)> spoil;
    ErrorName error;
  };
  const std::vector<Case> cases{
      {"scheme", [](auto& o) { o.server = "http://127.0.0.1:1"; }, kInvalidArgument},
      {"host", [](auto& o) { o.server = "ws://"; }, kInvalidArgument},
      {"token", [](auto& o) { o.token = ""; }, kInvalidArgument},
      {"rate", [](auto& o) { o.format.fps = 0; }, kInvalidArgument},
      {"file",
       [](auto& o) {
         o.source = {SourceSpec::Kind::file, "no/such.mp4", 0};
       },
       kSourceMissing},
  };
  for (const Case& c : cases) {
    PublisherOptions options = good;
    c.spoil(options);
    const auto started = Publisher::start(options, {});
    ASSERT_FALSE(started) << c.what;
    EXPECT_EQ(started.error().name, c.error) << c.what;
  }
}

TEST(CameraOptions, bitrate_follows_the_size) {
  EXPECT_EQ(default_bitrate_kbps({1280, 720}), 2500);
  EXPECT_LT(default_bitrate_kbps({640, 480}), 1400);
  EXPECT_GT(default_bitrate_kbps({1920, 1080}), 4000);
  EXPECT_EQ(default_bitrate_kbps({160, 120}), 300);
}

TEST(BackOff, doubles_up_to_its_limit_and_starts_over_after_a_success) {
  BackOff back_off({1000ms, 15'000ms, 0}, 1);
  for (const int expected : {1000, 2000, 4000, 8000, 15'000, 15'000, 15'000}) {
    EXPECT_EQ(back_off.next(), std::chrono::milliseconds(expected));
  }
  back_off.reset();
  EXPECT_EQ(back_off.next(), 1000ms);
}

TEST(BackOff, spreads_its_waits_within_the_jitter) {
  bool differ = false;
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    BackOff back_off({1000ms, 15'000ms, 0.2}, seed);
    const auto wait = back_off.next();
    EXPECT_GE(wait, 800ms);
    EXPECT_LE(wait, 1200ms);
    differ = differ || wait != 1000ms;
    for (int i = 0; i < 10; ++i) EXPECT_LE(back_off.next(), 15'000ms);
  }
  EXPECT_TRUE(differ);
}

}  // namespace
}  // namespace surveillx::camera
