#include "surveillx/net/byte_range.hpp"

#include "surveillx/net/body_source.hpp"

#include "http_text.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <utility>

namespace surveillx::net {
namespace {

using Kind = RangeAsked::Kind;

struct RangeCase {
  const char* field;
  std::uint64_t size;
  Kind kind;
  ByteRange part;
};

class ParseRange : public ::testing::TestWithParam<RangeCase> {};

TEST_P(ParseRange, follows_rfc_9110_section_14) {
  const RangeCase& c = GetParam();
  const RangeAsked asked = parse_range(c.field, c.size);
  EXPECT_EQ(asked.kind, c.kind) << c.field;
  EXPECT_EQ(asked.part.first, c.part.first) << c.field;
  EXPECT_EQ(asked.part.length, c.part.length) << c.field;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParseRange,
    ::testing::Values(
        RangeCase{"bytes=0-499", 1000, Kind::part, {0, 500}},
        RangeCase{"bytes=500-999", 1000, Kind::part, {500, 500}},
        RangeCase{"BYTES=0-0", 1000, Kind::part, {0, 1}},
        RangeCase{"bytes=999-", 1000, Kind::part, {999, 1}},
        RangeCase{"bytes=500-", 1000, Kind::part, {500, 500}},
        RangeCase{"bytes=900-5000", 1000, Kind::part, {900, 100}},
        RangeCase{"bytes=0-99999999999999999999999999", 1000, Kind::part, {0, 1000}},
        RangeCase{"bytes= 1-2 ", 1000, Kind::part, {1, 2}},
        // The last bytes.
        RangeCase{"bytes=-500", 1000, Kind::part, {500, 500}},
        RangeCase{"bytes=-5000", 1000, Kind::part, {0, 1000}},
        RangeCase{"bytes=-0", 1000, Kind::unsatisfiable, {}},
        // Outside.
        RangeCase{"bytes=1000-", 1000, Kind::unsatisfiable, {}},
        RangeCase{"bytes=1000-2000", 1000, Kind::unsatisfiable, {}},
        RangeCase{"bytes=99999999999999999999999999-", 1000, Kind::unsatisfiable, {}},
        RangeCase{"bytes=0-", 0, Kind::unsatisfiable, {}},
        RangeCase{"bytes=-5", 0, Kind::whole, {}},
        // Several, other units, and what is not well-formed.
        RangeCase{"bytes=0-1,5-6", 1000, Kind::whole, {}},
        RangeCase{"lines=0-1", 1000, Kind::whole, {}}, RangeCase{"bytes", 1000, Kind::whole, {}},
        RangeCase{"bytes=", 1000, Kind::whole, {}}, RangeCase{"bytes=-", 1000, Kind::whole, {}},
        RangeCase{"bytes=5", 1000, Kind::whole, {}}, RangeCase{"bytes=5-4", 1000, Kind::whole, {}},
        RangeCase{"bytes=a-b", 1000, Kind::whole, {}},
        RangeCase{"bytes=1-2-3", 1000, Kind::whole, {}},
        RangeCase{"bytes=+1-2", 1000, Kind::whole, {}},
        RangeCase{"bytes =0-1", 1000, Kind::whole, {}}, RangeCase{"", 1000, Kind::whole, {}}));

HttpRequest get_with(std::vector<std::pair<std::string, std::string>> headers,
                     std::string method = "GET") {
  HttpRequest request;
  request.method = std::move(method);
  for (auto& [name, value] : headers) request.headers.add(std::move(name), std::move(value));
  return request;
}

HttpResponse letters() {
  HttpResponse response = HttpResponse::text(200, "abcdefghij");
  response.headers.add("ETag", "\"v1\"");
  return response;
}

TEST(InRange, a_get_gets_the_part_with_the_fields_of_the_whole) {
  const HttpResponse part = in_range(get_with({{"Range", "bytes=2-4"}}), letters());
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body.text(), "cde");
  EXPECT_EQ(part.headers.get("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(part.headers.get("ETag"), "\"v1\"");
  EXPECT_EQ(part.headers.get("Accept-Ranges"), "bytes");
}

TEST(InRange, what_lies_outside_is_416_with_the_size) {
  const HttpResponse none = in_range(get_with({{"Range", "bytes=10-"}}), letters());
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.headers.get("Content-Range"), "bytes */10");
}

TEST(InRange, head_two_ranges_and_other_answers_stay_whole) {
  EXPECT_EQ(in_range(get_with({{"Range", "bytes=2-4"}}, "HEAD"), letters()).status, 200);
  EXPECT_EQ(
      in_range(get_with({{"Range", "bytes=2-4"}}, "HEAD"), letters()).headers.get("Accept-Ranges"),
      "bytes");
  EXPECT_EQ(in_range(get_with({{"Range", "bytes=0-1,3-4"}}), letters()).status, 200);
  EXPECT_EQ(in_range(get_with({{"Range", "bytes=0-1"}, {"Range", "bytes=3-4"}}), letters()).status,
            200);
  EXPECT_EQ(
      in_range(get_with({{"Range", "bytes=0-1"}}), HttpResponse::problem(404, "x", "y")).status,
      404);
  EXPECT_EQ(in_range(get_with({}), letters()).body.size(), 10U);
}

TEST(InRange, if_range_gives_the_part_only_of_what_the_peer_has) {
  const auto status = [](const std::string& if_range, const HttpResponse& whole) {
    return in_range(get_with({{"Range", "bytes=2-4"}, {"If-Range", if_range}}), whole).status;
  };
  EXPECT_EQ(status("\"v1\"", letters()), 206);
  EXPECT_EQ(status("\"v2\"", letters()), 200);
  HttpResponse weak = letters();
  weak.headers.set("ETag", "W/\"v1\"");
  EXPECT_EQ(status("W/\"v1\"", weak), 200) << "a strong comparison";

  const std::time_t now = std::time(nullptr);
  HttpResponse dated = letters();
  dated.headers.add("Last-Modified", http_date(now - 100));
  EXPECT_EQ(status(http_date(now - 100), dated), 206);
  EXPECT_EQ(status(http_date(now - 101), dated), 200);
  EXPECT_EQ(status(http_date(now - 50), dated), 200) << "the same, not merely as new";
  EXPECT_EQ(status("yesterday", dated), 200);
  dated.headers.set("Last-Modified", http_date(now + 100));
  EXPECT_EQ(status(http_date(now + 100), dated), 200) << "it may change within that second";
}

TEST(InRange, a_source_that_cannot_be_narrowed_stays_whole) {
  class Plain final : public BodySource {
   public:
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return 10; }
    void next(Give give) override { give(SharedBytes()); }
  };
  HttpResponse response;
  response.source = std::make_shared<Plain>();
  const HttpResponse whole = in_range(get_with({{"Range", "bytes=2-4"}}), response);
  EXPECT_EQ(whole.status, 200);
  EXPECT_FALSE(whole.headers.has("Accept-Ranges"));
}

TEST(HttpDate, is_read_as_it_is_written_and_nothing_else) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  for (const char* bad : {"", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

}  // namespace
}  // namespace surveillx::net
