#include "surveillx/net/http.hpp"

#include "surveillx/net/client.hpp"

#include "http_text.hpp"
#include "target.hpp"
#include "url.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace surveillx::net {
namespace {

TEST(Headers, compare_without_case_and_keep_what_was_sent) {
  Headers headers;
  headers.add("X-Thing", "one");
  headers.add("x-thing", "two");
  EXPECT_EQ(headers.get("X-THING"), "one");
  EXPECT_TRUE(headers.has("x-Thing"));
  EXPECT_EQ(headers.all()[1].first, "x-thing");
  headers.set("X-thing", "three");
  EXPECT_EQ(headers.get("x-thing"), "three");
  EXPECT_EQ(headers.all().size(), 1U);
  EXPECT_EQ(headers.get("other"), "");
}

TEST(HttpRequest, finds_cookies_and_query_values) {
  HttpRequest request;
  request.headers.add("Cookie", "a=1; surveillx_session=abc==;  b=\"q\"; surveillx_session=later");
  EXPECT_EQ(request.cookie("surveillx_session"), "abc==");
  EXPECT_EQ(request.cookie("b"), "q");
  EXPECT_EQ(request.cookie("session"), "");
  request.query = {{"date", "2026-11-22"}, {"date", "later"}};
  EXPECT_EQ(request.query_value("date"), "2026-11-22");
  EXPECT_EQ(request.query_value("from"), "");
}

TEST(HttpResponse, problem_follows_rfc_9457) {
  const HttpResponse response = HttpResponse::problem(404, "no_person", "No \"such\" person.");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
  const auto body = boost::json::parse(std::string(response.body.text())).as_object();
  EXPECT_EQ(body.at("type"), "about:blank");
  EXPECT_EQ(body.at("title"), "Not Found");
  EXPECT_EQ(body.at("status"), 404);
  EXPECT_EQ(body.at("code"), "no_person");
  EXPECT_EQ(body.at("detail"), "No \"such\" person.");
}

TEST(HttpText, tokens_are_found_in_lists) {
  EXPECT_TRUE(has_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(has_token("keep-alive, Upgraded", "upgrade"));
  EXPECT_FALSE(has_token("", "upgrade"));
}

struct PathCase {
  const char* target;
  const char* path;  ///< Null: refused.
};

class TargetPath : public ::testing::TestWithParam<PathCase> {};

TEST_P(TargetPath, is_decoded_and_never_leaves_the_root) {
  const auto target = parse_target(GetParam().target);
  if (GetParam().path == nullptr) {
    EXPECT_FALSE(target) << target->path;
  } else {
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->path, GetParam().path);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, TargetPath,
    ::testing::Values(
        PathCase{"/", "/"}, PathCase{"/a/b", "/a/b"}, PathCase{"/a/b/", "/a/b/"},
        PathCase{"/a%20b", "/a b"}, PathCase{"/%e2%82%ac", "/\xe2\x82\xac"},
        PathCase{"//a///b", "/a/b"}, PathCase{"/a/./b", "/a/b"}, PathCase{"/a/../b", "/b"},
        PathCase{"/a/b/..", "/a/"}, PathCase{"/a/.", "/a/"}, PathCase{"/a/%2e%2E/b", "/b"},
        PathCase{"/..", nullptr}, PathCase{"/a/../../etc/passwd", nullptr},
        PathCase{"/%2e%2e/etc", nullptr}, PathCase{"/.%2e/etc", nullptr},
        PathCase{"//../x", nullptr}, PathCase{"/a%2fb", nullptr}, PathCase{"/a%00b", nullptr},
        PathCase{"/a%", nullptr}, PathCase{"/a%4", nullptr}, PathCase{"/a%zz", nullptr},
        PathCase{"/%252e%252e/", "/%2e%2e/"}, PathCase{"", nullptr}, PathCase{"*", nullptr},
        PathCase{"a/b", nullptr}, PathCase{"example.org:443", nullptr},
        PathCase{"http://example.org/a?b=c", "/a"}, PathCase{"http://example.org", "/"},
        PathCase{"http://example.org?b", nullptr}, PathCase{"/a#b", "/a"},
        PathCase{"/...", "/..."}));

TEST(Target, query_is_decoded) {
  const auto target = parse_target("/p?a=1&b=x%26y+z&&c&=d&a=2&e=f=g");
  ASSERT_TRUE(target);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"a", "1"}, {"b", "x&y z"}, {"c", ""}, {"", "d"}, {"a", "2"}, {"e", "f=g"}};
  EXPECT_EQ(target->query, expected);
  EXPECT_FALSE(parse_target("/p?a=%00"));
  EXPECT_FALSE(parse_target("/p?a=%f"));
}

TEST(Url, is_taken_apart) {
  const auto url = parse_url("wss://cam.example:8443/ws/x?token=a%20b");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "cam.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/ws/x?token=a%20b");
  EXPECT_EQ(url->authority, "cam.example:8443");

  const auto six = parse_url("http://[::1]:5000");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->authority, "[::1]:5000");
  EXPECT_EQ(six->target, "/");

  const auto plain = parse_url("https://example.org?x");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->port, 443);
  EXPECT_EQ(plain->authority, "example.org");
  EXPECT_EQ(plain->target, "/?x");

  for (const char* bad : {"", "example.org", "ftp://example.org/", "http://", "http://a:b@c/",
                          "http://a:99999/", "http://a b/", "ws://:8443/", "http://a:b", "https://a:ps://a:84z"}) {
    const auto refused = parse_url(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_TRUE(refused.error().is(kBadUrl));
  }
}

}  // namespace
}  // namespace surveillx::net
