#include "engine_codec.hpp"

#include "surveillx/base/bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::socketio {
namespace {

TEST(EngineCodec, a_packet_is_a_type_and_its_data) {
  struct Case {
    const char* text;
    EngineType type;
    const char* data;
  };
  const Case cases[] = {
      {"0{}", EngineType::open, "{}"},       {"1", EngineType::close, ""},
      {"2", EngineType::ping, ""},           {"2probe", EngineType::ping, "probe"},
      {"3probe", EngineType::pong, "probe"}, {"4hello", EngineType::message, "hello"},
      {"4", EngineType::message, ""},        {"4b", EngineType::message, "b"},
      {"5", EngineType::upgrade, ""},        {"6", EngineType::noop, ""},
  };
  for (const Case& c : cases) {
    const auto packet = decode_packet(c.text);
    ASSERT_TRUE(packet.has_value()) << c.text;
    EXPECT_EQ(packet->type, c.type) << c.text;
    EXPECT_EQ(packet->text, c.data) << c.text;
    EXPECT_FALSE(packet->is_binary) << c.text;
  }
}

TEST(EngineCodec, a_payload_is_packets_with_separators_and_base64) {
  const auto packets = decode_payload(
      "4hello\x1e"
      "2\x1e"
      "4\xe2\x82\xac\x1e"
      "bAQIDBA==");
  ASSERT_TRUE(packets.has_value());
  ASSERT_EQ(packets->size(), 4U);
  EXPECT_EQ(packets->at(0).text, "hello");
  EXPECT_EQ(packets->at(1).type, EngineType::ping);
  EXPECT_EQ(packets->at(2).text, "\xe2\x82\xac");
  EXPECT_TRUE(packets->at(3).is_binary);
  EXPECT_THAT(packets->at(3).binary.view(), ::testing::ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(encode_base64_packet(packets->at(3).binary.view()), "bAQIDBA==");
}

TEST(EngineCodec, malformed_payloads_are_refused_whole) {
  for (const std::string text :
       {"", "abc", "7", "/", "4a\x1e",
        "\x1e"
        "4a",
        "4a\x1e\x1e"
        "4b",
        "b!", "bAQ",
        "bAQI\xc2\xbd"
        "A==",
        "bAQI=x", "4\xff", "4\xc0\xaf", "4\xed\xa0\x80", "4\xf4\x90\x80\x80", "4\xe2\x82"}) {
    EXPECT_TRUE(decode_payload(text).has_error()) << text;
  }
}

TEST(EngineCodec, a_payload_has_a_limit_of_packets) {
  std::string body = "2";
  for (std::size_t i = 1; i < kMaxPacketsReceived; ++i)
    body +=
        "\x1e"
        "2";
  EXPECT_TRUE(decode_payload(body).has_value());
  EXPECT_TRUE(decode_payload(body + "\x1e"
                                    "2")
                  .has_error());
}

TEST(EngineCodec, utf8_is_checked_as_rfc_3629_says) {
  for (const char* good : {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc1\x81", "\xe0\x9f\x80", "\xed\xa0\x80", "\xf0\x8f\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2", "\xe2\x82", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(EngineCodec, the_open_packet_survives_a_round_trip) {
  OpenInfo info;
  info.sid = "abc";
  info.upgrades = {"websocket"};
  info.ping_interval = std::chrono::milliseconds(300);
  info.ping_timeout = std::chrono::milliseconds(200);
  info.max_payload = 1'000'000;
  const std::string packet = encode_open(info);
  EXPECT_EQ(packet,
            R"(0{"sid":"abc","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,)"
            R"("maxPayload":1000000})");
  const auto again = decode_open(std::string_view(packet).substr(1));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->sid, "abc");
  EXPECT_THAT(again->upgrades, ::testing::ElementsAre("websocket"));
  EXPECT_EQ(again->ping_interval.count(), 300);
}

TEST(EngineCodec, an_open_packet_needs_a_sid_and_sane_timers) {
  for (const char* text :
       {"", "[]", "{}", R"({"sid":1,"pingInterval":1,"pingTimeout":1})",
        R"({"sid":"","pingInterval":1,"pingTimeout":1})", R"({"sid":"a","pingTimeout":1})",
        R"({"sid":"a","pingInterval":0,"pingTimeout":1})",
        R"({"sid":"a","pingInterval":-5,"pingTimeout":1})",
        R"({"sid":"a","pingInterval":99999999999,"pingTimeout":1})",
        R"({"sid":"a","pingInterval":1,"pingTimeout":1,"upgrades":3})",
        R"({"sid":"a","pingInterval":1,"pingTimeout":1,"maxPayload":"x"})"}) {
    EXPECT_TRUE(decode_open(text).has_error()) << text;
  }
  // Older servers tell no maxPayload; python writes upgrades as it likes.
  const auto info =
      decode_open(R"({"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":5000})");
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->max_payload, 1'000'000U);
}

}  // namespace
}  // namespace surveillx::socketio
