#include "surveillx/enrolment/csv.hpp"

#include <gtest/gtest.h>

namespace surveillx::enrolment {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(std::string_view text) {
  const auto table = parse_csv(text);
  if (!table) return {{"error", table.error().message}};
  Rows rows;
  for (const CsvRow& row : table->rows) rows.push_back(row.fields);
  return rows;
}

std::string error_of(std::string_view text) {
  const auto table = parse_csv(text);
  return table ? std::string() : table.error().message;
}

const Rows kPlain{{"name", "group"}, {"Ada", "5b"}, {"Bob", "5c"}};

TEST(Csv, every_end_of_line_is_one) {
  for (const char* end : {"\r\n", "\n", "\r"}) {
    EXPECT_EQ(rows_of(std::string("name,group") + end + "Ada,5b" + end + "Bob,5c" + end), kPlain);
    EXPECT_EQ(rows_of(std::string("name,group") + end + "Ada,5b" + end + "Bob,5c"), kPlain);
  }
}

TEST(Csv, the_separator_is_the_one_that_the_first_row_has) {
  for (const char* separator : {",", ";", "\t"}) {
    const std::string s = separator;
    EXPECT_EQ(rows_of("name" + s + "group\nAda" + s + "5b\nBob" + s + "5c"), kPlain) << separator;
  }
  EXPECT_EQ(rows_of("sep=|\r\nname|group\r\nAda|5b\r\nBob|5c"), kPlain);
  EXPECT_EQ(rows_of("\"a,b,c\";group\nx;y"), (Rows{{"a,b,c", "group"}, {"x", "y"}}));
}

TEST(Csv, quotes_hold_separators_breaks_and_quotes) {
  EXPECT_EQ(rows_of("name,group\n\"Lee, Ann\",\"a\"\"b\"\n\"Anna\nMaria\", \" 5b \"\n"),
            (Rows{{"name", "group"}, {"Lee, Ann", "a\"b"}, {"Anna\nMaria", "5b"}}));
  EXPECT_EQ(rows_of("name\nBob \"Rob\" Lee\n"), (Rows{{"name"}, {"Bob \"Rob\" Lee"}}));
}

TEST(Csv, lines_are_counted_through_quoted_breaks) {
  const auto table = parse_csv("name\r\n\"a\r\nb\"\r\nc\r\n").value();
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[1].line, 2u);
  EXPECT_EQ(table.rows[2].line, 4u);
}

TEST(Csv, blank_rows_are_skipped_and_counted) {
  const auto table = parse_csv("\n , \nname,group\n,\n\n\"\",\nAda,5b\n").value();
  EXPECT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.blank_rows, 5u);
}

TEST(Csv, a_quote_that_does_not_end_is_refused_where_it_begins) {
  EXPECT_NE(error_of("name\nAda\n\"Bob\nCarl\n").find("line 3"), std::string::npos);
  EXPECT_NE(error_of("name\n\"" + std::string(100'000, 'x')).find("line 2"), std::string::npos);
  EXPECT_NE(error_of("name\n" + std::string(100'000, 'x')).find("line 2"), std::string::npos);
}

std::string text_of(std::string_view bytes, const std::string& encoding = "") {
  const auto text = table_text(as_bytes(bytes), encoding);
  return text ? *text : "error: " + text.error().message;
}

TEST(TableText, a_mark_says_the_encoding) {
  EXPECT_EQ(text_of("\xef\xbb\xbfJ\xc3\xb6rg"), "J\u00f6rg");
  EXPECT_EQ(text_of(std::string_view("\xff\xfeJ\0\xf6\0", 6)), "J\u00f6");
  EXPECT_EQ(text_of(std::string_view("\xfe\xff\0J\0\xf6", 6)), "J\u00f6");
}

TEST(TableText, utf16_without_a_mark_is_known_by_its_zeros) {
  EXPECT_EQ(text_of(std::string_view("n\0a\0m\0e\0\n\0A\0d\0a\0", 16)), "name\nAda");
  EXPECT_EQ(text_of(std::string_view("\0n\0a\0m\0e\0\n\0A\0d\0a", 16)), "name\nAda");
}

TEST(TableText, what_is_not_utf8_is_refused_with_the_remedy_and_read_when_it_is_named) {
  const std::string refused = text_of("name\nJ\xf6rg\n");
  EXPECT_NE(refused.find("--encoding windows-1252"), std::string::npos) << refused;
  EXPECT_NE(refused.find("J\u00f6rg"), std::string::npos) << refused;
  EXPECT_EQ(text_of("name\nJ\xf6rg\n", "windows-1252"), "name\nJ\u00f6rg\n");
  EXPECT_EQ(text_of("\xd0\xc0", "windows-1251"), "\u0420\u0410");
  EXPECT_NE(text_of("x", "klingon").find("no encoding 'klingon'"), std::string::npos);
  EXPECT_NE(text_of("J\xf6rg", "UTF-8").find("byte 2"), std::string::npos);
}

TEST(TableText, what_lies_beyond_unicode_is_refused) {
  EXPECT_TRUE(text_of("name\n\xf7\x91\x92\xba\n").starts_with("error: "));
}

TEST(TableText, workbooks_and_zero_bytes_are_refused_by_name) {
  EXPECT_NE(text_of("PK\x03\x04...").find("workbook"), std::string::npos);
  EXPECT_NE(text_of(std::string_view("name\nA\0da", 9)).find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace surveillx::enrolment
