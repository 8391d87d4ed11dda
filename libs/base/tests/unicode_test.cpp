#include "surveillx/base/unicode.hpp"

#include <gtest/gtest.h>

namespace surveillx::unicode {
namespace {

constexpr const char* kComposed = "Zo\u00eb \u00c5ngstr\u00f6m";
constexpr const char* kDecomposed = "Zoe\u0308 A\u030angstro\u0308m";

TEST(Unicode, both_spellings_of_a_name_are_one) {
  EXPECT_EQ(composed(kDecomposed), kComposed);
  EXPECT_EQ(composed(kComposed), kComposed);
  EXPECT_EQ(decomposed(kComposed), kDecomposed);
  EXPECT_EQ(compared(kDecomposed), compared(kComposed));
  EXPECT_EQ(compared("STRASSE"), compared("stra\u00dfe"));
  EXPECT_EQ(compared("\uff21da"), "ada");          // Full width.
  EXPECT_EQ(compared("\ufb01n"), "fin");           // A ligature.
  EXPECT_EQ(compared("a\u00adda"), "ada");         // A soft hyphen.
  EXPECT_EQ(compared(std::string(200, '\xef') ), std::string(200, '\xef'));  // No UTF-8.
}

TEST(Unicode, a_character_that_becomes_many_is_normalised_whole) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "\ufdfa";
  EXPECT_GT(compared(text).size(), 1000u);
  EXPECT_EQ(compared(compared(text)), compared(text));
}

TEST(Unicode, a_password_keeps_its_case_and_loses_odd_spaces) {
  EXPECT_EQ(opaque("P\u00a0a\u3000ss Wo\u0308rd"), "P a ss W\u00f6rd");
  EXPECT_EQ(opaque("\xff\xfe"), "\xff\xfe");
}

TEST(Unicode, identifiers_are_of_any_language_but_not_of_two_that_look_alike) {
  for (const char* good : {"ada.lovelace@x-1", "J\u00f6rg", "\u0430\u0434\u0430", "\u65e5\u672c\u8a9eabc", "o\u0308"}) {
    EXPECT_TRUE(is_identifier(good, "._@-")) << good;
  }
  for (const char* bad : {"a b", "a/b", "\u0430dmin", "a\u200db", "smile\U0001f600", "\xff", "a\nb"}) {
    EXPECT_FALSE(is_identifier(bad, "._@-")) << bad;
  }
}

TEST(Unicode, one_line_has_neither_breaks_nor_odd_spaces) {
  EXPECT_EQ(one_line(" Anna\r\nMaria\u00a0\u2028 Lee\t"), "Anna Maria Lee");
  EXPECT_EQ(one_line("\ufeff"), "");
}

TEST(Unicode, length_counts_characters) {
  EXPECT_EQ(length("Zo\u00eb"), 3u);
  EXPECT_EQ(length("\xff\xff"), 2u);
}

}  // namespace
}  // namespace surveillx::unicode
