#include "running_web.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

using testing::HasSubstr;

TEST_F(Web, over_https_only_a_cookie_that_was_set_over_https_counts) {
  options_.config.web.external_url = "https://cameras.example";
  start();
  const auto token = token_of();
  const auto me_with = [&](const std::string& name) {
    net::ClientRequest request;
    request.url = "/api/auth/me";
    request.headers.set("Cookie", name + "=" + token);
    return send(std::move(request)).status;
  };
  EXPECT_EQ(me_with("__Host-surveillx_session"), 200);
  EXPECT_EQ(me_with("surveillx_session"), 401) << "planted over plain HTTP, or by a neighbouring host";
  EXPECT_EQ(me_with("__Secure-surveillx_session"), 401) << "the name under a base path";
  auto& planted = connect({}, [&] {
    net::Headers headers;
    headers.set("Cookie", "surveillx_session=" + token);
    return headers;
  }());
  ASSERT_TRUE(eventually([&] { return !planted.refusal().empty(); }));
  EXPECT_EQ(planted.refusal(), "unauthorized");
}

TEST_F(Web, a_body_too_large_for_the_api_is_refused) {
  start();
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", std::string(100'000, 'x')}});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Web, how_large_a_body_may_be_depends_on_who_sends_it) {
  start();
  const auto change = [&](std::size_t size, const std::string& token) {
    net::Headers headers;
    if (!token.empty()) headers.set("Authorization", "Bearer " + token);
    return post("/api/auth/password", {{"padding", std::string(size, 'x')}}, headers).status;
  };
  const auto token = token_of();
  EXPECT_EQ(change(20'000, ""), 401) << "who that is comes first";
  EXPECT_EQ(change(20'000, "wrong"), 401);
  EXPECT_EQ(change(20'000, token), 400) << "read, and not what it should be";
  EXPECT_EQ(change(70'000, token), 413);
  EXPECT_EQ(change(70'000, "wrong"), 401);
}

TEST_F(Web, wrong_tokens_of_one_address_shut_out_nobody_who_is_signed_in) {
  start();
  const auto token = token_of();
  EXPECT_EQ(get("/api/auth/me", token).status, 200);
  int limited = 0;
  for (int i = 0; i < 100; ++i) {
    const auto response = get("/api/auth/me", "wrong" + std::to_string(i));
    if (response.status == 429) {
      ++limited;
      EXPECT_EQ(response.headers.get("Retry-After"), "1");
    } else {
      EXPECT_EQ(response.status, 401);
    }
  }
  EXPECT_GT(limited, 10);
  EXPECT_EQ(get("/api/auth/me", token).status, 200);
  EXPECT_EQ(get("/api/auth/me", "wrong").status, 429);
  EXPECT_EQ(get("/api/auth/me", token_of()).status, 200) << "nor who signs in meanwhile";
  EXPECT_THAT(std::string(get("/metrics").body.text()),
              HasSubstr("surveillx_token_lookups_total{result=\"address_limited\"}"));
}

TEST_F(Web, what_a_cookie_authorises_to_change_needs_the_csrf_token_and_our_origin) {
  start();
  const auto answer = body(login("admin", kPassword));
  net::Headers headers;
  headers.set("Cookie", "surveillx_session=" + text(answer, "access_token"));
  auto response = post("/api/auth/logout", nullptr, headers);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(text(body(response), "code"), "csrf");
  headers.set("X-CSRF-Token", text(answer, "csrf_token"));
  headers.set("Origin", "http://evil.example");
  response = post("/api/auth/logout", nullptr, headers);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(text(body(response), "code"), "forbidden_origin");
  headers.set("Origin", base_);
  response = post("/api/auth/logout", nullptr, headers);
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("Max-Age=0"));
  EXPECT_EQ(get("/api/auth/me", text(answer, "access_token")).status, 401);
}

TEST_F(Web, a_bearer_needs_no_csrf_token) {
  start();
  net::Headers headers;
  headers.set("Authorization", "Bearer " + token_of());
  EXPECT_EQ(post("/api/auth/logout", nullptr, headers).status, 204);
}

TEST_F(Web, who_is_refused_behind_an_unconfigured_proxy_reads_which_settings_help) {
  start();
  net::Headers headers;
  headers.set("Origin", "https://cameras.example");  // And Host as nginx writes it when not told.
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, headers);
  EXPECT_EQ(response.status, 403);
  const auto detail = text(body(response), "detail");
  for (const char* setting : {"web.external_url", "web.allowed_origins", "web.trusted_proxies",
                              "https://cameras.example", "127.0.0.1"}) {
    EXPECT_THAT(detail, HasSubstr(setting));
  }
}

TEST_F(Web, the_external_url_is_an_origin_of_ours_and_makes_cookies_secure) {
  options_.config.web.external_url = "https://Cameras.example/";
  start();
  net::Headers headers;
  headers.set("Origin", "https://cameras.example");
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, headers);
  ASSERT_EQ(response.status, 200);
  EXPECT_THAT(response.headers.get("Set-Cookie"), testing::StartsWith("__Host-surveillx_session="));
  EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("; Path=/; "));
  EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("; Secure"));
  net::ClientRequest request;
  request.url = "/socket.io/?EIO=4&transport=polling";
  request.headers = headers;
  EXPECT_EQ(send(std::move(request)).status, 200);
  headers.set("Origin", "https://cameras.example.evil.example");
  EXPECT_EQ(post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, headers).status,
            403);
  EXPECT_EQ(get("/metrics").status, 401) << "the proxy was not named, so nobody is loopback";
}

TEST_F(Web, a_trusted_proxy_says_who_asks_and_a_client_cannot_say_it_itself) {
  options_.config.web.trusted_proxies = {"127.0.0.1"};
  start();
  const auto attempt = [&](const std::string& forwarded, const std::string& password) {
    net::Headers headers;
    headers.set("X-Forwarded-For", forwarded);
    headers.set("X-Forwarded-Proto", "https");
    headers.set("X-Forwarded-Host", "cameras.example");
    headers.set("Origin", "https://cameras.example");
    return post("/api/auth/login", {{"username", "admin"}, {"password", password}}, headers);
  };
  // Whatever the client wrote itself stands left of what the proxy saw.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(attempt("10.9.8." + std::to_string(i) + ", 203.0.113.9", "wrong").status, 401);
  }
  EXPECT_EQ(attempt("10.9.8.7, 203.0.113.9", kPassword).status, 429);
  const auto elsewhere = attempt("198.51.100.1", kPassword);
  EXPECT_EQ(elsewhere.status, 200) << "another client of the same proxy";
  EXPECT_THAT(elsewhere.headers.get("Set-Cookie"), HasSubstr("; Secure"));
  EXPECT_EQ(get("/metrics").status, 401) << "from a proxy nobody is loopback";
}

TEST_F(Web, a_page_of_another_site_cannot_use_the_cookie) {
  start();
  net::Headers headers;
  headers.set("Cookie", "surveillx_session=" + token_of());
  headers.set("Origin", "http://evil.example");
  net::ClientRequest request;
  request.url = "/socket.io/?EIO=4&transport=polling";
  request.headers = headers;
  EXPECT_GE(send(std::move(request)).status, 400);
}

}  // namespace
}  // namespace surveillx::webapp
