#include "web_socket_codec.hpp"

#include <gtest/gtest.h>

namespace surveillx::net::web_socket {
namespace {

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

TEST(WebSocketCodec, headers_come_back_as_written) {
  for (const std::uint64_t length : {0ULL, 1ULL, 125ULL, 126ULL, 65535ULL, 65536ULL, 1ULL << 40}) {
    for (const bool masked : {false, true}) {
      FrameHeader header;
      header.fin = length % 2 == 0;
      header.opcode = Opcode::text;
      header.length = length;
      if (masked) header.mask = MaskKey{1, 2, 3, 4};
      const HeaderBytes written = write_header(header);
      const ByteView all(written.bytes.data(), written.size);
      const ParsedHeader parsed = parse_header(all);
      ASSERT_EQ(parsed.status, ParseStatus::complete) << length;
      EXPECT_EQ(parsed.size, written.size);
      EXPECT_EQ(parsed.header.fin, header.fin);
      EXPECT_EQ(parsed.header.opcode, Opcode::text);
      EXPECT_EQ(parsed.header.length, length);
      EXPECT_EQ(parsed.header.mask, header.mask);
      for (std::size_t size = 0; size < all.size(); ++size) {
        EXPECT_EQ(parse_header(all.first(size)).status, ParseStatus::need_more);
      }
    }
  }
}

TEST(WebSocketCodec, headers_against_the_rules_are_bad) {
  const std::vector<Bytes> all{
      bytes({0xC1, 0x00}),                             // a reserved bit
      bytes({0x83, 0x00}),                             // a reserved opcode
      bytes({0x8B, 0x00}),                             // a reserved control opcode
      bytes({0x09, 0x00}),                             // a fragmented ping
      bytes({0x89, 0x7E, 0, 126}),                     // a long ping
      bytes({0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0}),  // a length with its highest bit set
  };
  for (const Bytes& header : all) {
    EXPECT_EQ(parse_header(header).status, ParseStatus::bad) << hex_encode(header);
  }
}

TEST(WebSocketCodec, masking_in_pieces_equals_masking_at_once) {
  const MaskKey key{0x12, 0x34, 0x56, 0x78};
  Bytes whole(101);
  for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = static_cast<std::uint8_t>(i * 7);
  const Bytes plain = whole;
  Bytes pieces = whole;
  apply_mask(whole, key, 0);
  std::size_t at = 0;
  for (const std::size_t size : {1U, 2U, 13U, 8U, 0U, 77U}) {
    apply_mask(std::span(pieces).subspan(at, size), key, at);
    at += size;
  }
  ASSERT_EQ(at, plain.size());
  EXPECT_EQ(pieces, whole);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(whole[i], plain[i] ^ key[i % 4]);
}

bool valid_utf8(std::string_view text, bool bytewise) {
  Utf8Validator validator;
  if (!bytewise) return validator.feed(as_bytes(text)) && validator.complete();
  for (const char& c : text) {
    if (!validator.feed(as_bytes({&c, 1}))) return false;
  }
  return validator.complete();
}

TEST(WebSocketCodec, utf8_is_checked_strictly_and_in_pieces) {
  for (const bool bytewise : {false, true}) {
    for (const char* good : {"", "plain ascii that is longer than eight", "\xC3\xA9",
                             "\xE2\x82\xAC", "\xF0\x9F\x99\x82 after", "\xED\x9F\xBF",
                             "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "12345678\xC2\x80"}) {
      EXPECT_TRUE(valid_utf8(good, bytewise)) << good;
    }
    for (const char* bad :
         {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xC3(", "12345678\xFF"}) {
      EXPECT_FALSE(valid_utf8(bad, bytewise)) << hex_encode(as_bytes(bad));
    }
  }
}

TEST(WebSocketCodec, close_reasons_are_checked_and_cut) {
  EXPECT_EQ(parse_close({})->code, kNoStatus);
  const Bytes normal = write_close(4401, "revoked");
  ASSERT_TRUE(parse_close(normal));
  EXPECT_EQ(parse_close(normal)->code, 4401);
  EXPECT_EQ(parse_close(normal)->reason, "revoked");
  EXPECT_FALSE(parse_close(bytes({0x03})));
  EXPECT_FALSE(parse_close(bytes({0x03, 0xE8, 0xFF}))) << "the reason is not UTF-8";
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    EXPECT_FALSE(parse_close(bytes({code >> 8, code & 0xFF}))) << code;
  }
  std::string reason;
  for (int i = 0; i < 100; ++i) reason += "\xE2\x82\xAC";
  const Bytes cut = write_close(1000, reason);
  EXPECT_EQ(cut.size(), 125U);
  EXPECT_TRUE(parse_close(cut));
  EXPECT_TRUE(write_close(kNoStatus, "ignored").empty());
}

TEST(WebSocketCodec, accept_key_is_the_one_of_rfc_6455) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(is_valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_FALSE(is_valid_key("c2hvcnQ="));
  EXPECT_FALSE(is_valid_key("not base64 at all!!"));
}

}  // namespace
}  // namespace surveillx::net::web_socket
