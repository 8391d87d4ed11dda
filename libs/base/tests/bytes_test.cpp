#include "surveillx/base/bytes.hpp"

#include <gtest/gtest.h>

namespace surveillx {
namespace {

TEST(Base64, has_the_alphabet_and_padding_of_rfc_4648) {
  EXPECT_EQ(base64_encode(as_bytes("")), "");
  EXPECT_EQ(base64_encode(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64_encode(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_encode(Bytes{0xfb, 0xff}), "+/8=");
  EXPECT_EQ(base64url_encode(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Base64, decoding_undoes_encoding_and_refuses_everything_else) {
  for (std::size_t length = 0; length < 50; ++length) {
    Bytes bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37);
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
  }
  for (const char* bad : {"Zg=", "Zg", "Z===", "Zm9v YmFy", "Zg==\n", "-_8=", "Z\xc3\xa9g="}) {
    ASSERT_FALSE(base64_decode(bad)) << bad;
    EXPECT_TRUE(base64_decode(bad).error().is(kInvalidArgument));
  }
}

TEST(Hex, decoding_undoes_encoding_and_refuses_everything_else) {
  EXPECT_EQ(hex_encode(Bytes{0x00, 0xab, 0xff}), "00abff");
  EXPECT_EQ(hex_decode("00ABff").value(), (Bytes{0x00, 0xab, 0xff}));
  for (const char* bad : {"0", "0g", "00:11", " 00"}) EXPECT_FALSE(hex_decode(bad)) << bad;
}

TEST(Percent, an_escape_is_two_digits_in_either_case_and_nothing_else) {
  EXPECT_EQ(percent_decoded_byte("a%fFb", 1), 0xff);
  EXPECT_EQ(percent_decoded_byte("%00", 0), 0);
  for (const char* bad : {"a", "%", "%4", "%4g", "%g4", "%%4", "% 4", "%-1"}) {
    EXPECT_EQ(percent_decoded_byte(bad, 0), -1) << bad;
  }
}

TEST(SharedBytes, a_slice_keeps_the_buffer_alive) {
  SharedBytes part;
  {
    const SharedBytes whole(std::string("head body tail"));
    part = whole.slice(5, 4);
    EXPECT_EQ(part.data(), whole.data() + 5);
    EXPECT_TRUE(whole.slice(14, 0).empty());
  }
  EXPECT_EQ(part.text(), "body");
}

TEST(SharedBytes, copies_share_one_buffer) {
  const SharedBytes one(std::string("a frame"));
  const SharedBytes two = one;
  EXPECT_EQ(one.data(), two.data());
  EXPECT_EQ(two.text(), "a frame");
  EXPECT_TRUE(SharedBytes().empty());
}

}  // namespace
}  // namespace surveillx
