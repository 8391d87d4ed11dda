#include "surveillx/signaling/codec.hpp"

#include "surveillx/test_support/support.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace surveillx::signaling {
namespace {

namespace json = boost::json;

json::array fixture(const std::string& name) {
  const std::filesystem::path path =
      std::filesystem::path(SURVEILLX_SOURCE_DIR) / "contracts/fixtures/signaling" / name;
  return json::parse(test_support::read_file(path)).as_array();
}

std::string text_of(const json::value& value) {
  return std::string(value.get_string().data(), value.get_string().size());
}

std::string type_of(const Message& message) {
  static const std::vector<std::string> kNames{"hello", "welcome", "offer", "answer",
                                               "ice",   "bye",     "error", "unknown"};
  return kNames[message.index()];
}

TEST(SignalingCodec, accepts_every_valid_fixture_and_keeps_it_when_sent_on) {
  const json::array cases = fixture("valid.json");
  ASSERT_GE(cases.size(), 15U);
  for (const json::value& entry : cases) {
    SCOPED_TRACE(text_of(entry.at("name")));
    const Result<Message> decoded = decode(json::serialize(entry.at("message")));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(type_of(*decoded), text_of(entry.at("type")));
    const Result<Message> again = decode(encode(*decoded));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *decoded);
  }
}

TEST(SignalingCodec, refuses_every_invalid_fixture_as_bad_message) {
  const json::array cases = fixture("invalid.json");
  ASSERT_GE(cases.size(), 25U);
  for (const json::value& entry : cases) {
    SCOPED_TRACE(text_of(entry.at("name")));
    const Result<Message> decoded = decode(text_of(entry.at("text")));
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().name, kBadMessage);
    EXPECT_FALSE(decoded.error().message.empty());
  }
}

TEST(SignalingCodec, reads_the_fields_it_is_given) {
  const auto ice = decode(R"({"type":"ice","candidate":"candidate:7","sdpMLineIndex":1})");
  ASSERT_TRUE(ice);
  EXPECT_EQ(*ice, Message(Ice{"candidate:7", 1}));
  const auto offer = decode(R"({"token":"a","sdp":"v=0\r\n","type":"offer"})");
  ASSERT_TRUE(offer);
  EXPECT_EQ(*offer, Message(Offer{"v=0\r\n", "a"}));
  const auto welcome =
      decode(R"({"type":"welcome","camera_id":"c","ice_servers":[{"urls":"stun:s"},)"
             R"({"urls":["turn:a","turns:b"],"username":"u","credential":"p"}]})");
  ASSERT_TRUE(welcome);
  EXPECT_EQ(*welcome,
            Message(Welcome{"c", {{{"stun:s"}, "", ""}, {{"turn:a", "turns:b"}, "u", "p"}}}));
}

TEST(SignalingCodec, refuses_text_that_is_not_utf8) {
  const auto decoded = decode("{\"type\":\"hello\",\"name\":\"\xff\xfe\"}");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().name, kBadMessage);
}

TEST(SignalingCodec, takes_256_kib_and_not_a_byte_more) {
  const std::string head = R"({"type":"offer","sdp":")";
  const std::string tail = "\"}";
  const std::string fits = head + std::string(kMaxMessageBytes - head.size() - 2, 'x') + tail;
  ASSERT_EQ(fits.size(), kMaxMessageBytes);
  EXPECT_TRUE(decode(fits));
  const auto too_big = decode(fits + " ");
  ASSERT_FALSE(too_big);
  EXPECT_EQ(too_big.error().name, kMessageTooBig);
}

TEST(SignalingCodec, limits_the_length_of_a_candidate) {
  const auto with = [](std::size_t bytes) {
    return R"({"type":"ice","candidate":")" + std::string(bytes, 'c') + "\"}";
  };
  EXPECT_TRUE(decode(with(kMaxCandidateBytes)));
  EXPECT_FALSE(decode(with(kMaxCandidateBytes + 1)));
}

TEST(SignalingCodec, redacted_text_holds_no_secret) {
  const std::vector<Message> messages{
      Hello{"S3CRET", "S3CRET"},
      Welcome{"camera", {{{"turn:S3CRET"}, "S3CRET", "S3CRET"}}},
      Offer{"v=0 S3CRET", "S3CRET"},
      Answer{"S3CRET"},
      Ice{"S3CRET", 0},
      Unknown{"S3CRET"},
  };
  for (const Message& message : messages) {
    EXPECT_EQ(redact(message).find("S3CRET"), std::string::npos) << redact(message);
  }
  EXPECT_EQ(redact(Offer{"v=0", "t"}), "offer sdp_bytes=3 token=yes");
}

TEST(SignalingCodec, redacted_url_keeps_only_where_it_goes) {
  EXPECT_EQ(redact_url("wss://host:8443/?token=S3CRET"), "wss://host:8443/");
  EXPECT_EQ(redact_url("wss://user:S3CRET@host:8443/a/b#x"), "wss://host:8443/a/b");
  EXPECT_EQ(redact_url("ws://host?token=a@b"), "ws://host");
  EXPECT_EQ(redact_url("/path?token=S3CRET"), "/path");
}

TEST(SignalingCodec, recognises_an_offer_that_trickles) {
  struct Case {
    const char* sdp;
    bool trickle;
  };
  const std::vector<Case> cases{
      {"v=0\r\na=ice-options:trickle\r\nm=video 9 X 96\r\n", true},
      {"v=0\r\nm=video 9 X 96\r\na=ice-options:trickle\r\n", true},
      {"v=0\na=ice-options:trickle\n", true},
      {"a=ice-options:renomination trickle", true},
      {"a=ice-options:trickle2\r\n", false},
      {"a=ice-options:ice2\r\n", false},
      {"s=a=ice-options:trickle\r\n", false},
      {"v=0\r\nm=video 9 X 96\r\n", false},
      {"", false},
  };
  for (const Case& c : cases) EXPECT_EQ(offer_uses_trickle(c.sdp), c.trickle) << c.sdp;
}

}  // namespace
}  // namespace surveillx::signaling
