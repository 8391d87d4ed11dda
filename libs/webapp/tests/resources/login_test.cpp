#include "running_web.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(Web, signing_in_gives_a_token_a_cookie_and_a_csrf_token) {
  start();
  const auto response = login("admin", kPassword);
  ASSERT_EQ(response.status, 200);
  const auto answer = body(response);
  EXPECT_FALSE(text(answer, "access_token").empty());
  EXPECT_FALSE(text(answer, "csrf_token").empty());
  EXPECT_EQ(answer.at("expires_in").as_int64(), 12 * 3600);
  EXPECT_EQ(answer.at("user").as_object().at("role").as_string(), "admin");
  const auto cookie = response.headers.get("Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("surveillx_session=" + text(answer, "access_token")));
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Lax"));
  EXPECT_THAT(cookie, Not(HasSubstr("Secure"))) << "this is plain HTTP";
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");

  const auto me = get("/api/auth/me", text(answer, "access_token"));
  ASSERT_EQ(me.status, 200);
  EXPECT_EQ(text(body(me), "csrf_token"), text(answer, "csrf_token"));
  EXPECT_THAT(text(body(me), "expires_at"), HasSubstr("+0")) << "the site's offset";
}

TEST_F(Web, a_wrong_name_and_a_wrong_password_look_the_same) {
  start();
  const auto wrong_password = login("admin", "wrong");
  const auto wrong_name = login("nobody", kPassword);
  EXPECT_EQ(wrong_password.status, 401);
  EXPECT_EQ(text(body(wrong_password), "code"), "bad_credentials");
  EXPECT_EQ(wrong_password.body.text(), wrong_name.body.text());
  EXPECT_THAT(wrong_name.headers.get("Content-Type"), HasSubstr("application/problem+json"));
}

TEST_F(Web, failed_sign_ins_are_throttled_and_others_are_not) {
  start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(login("admin", "wrong").status, 401);
  const auto refused = login("admin", kPassword);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(text(body(refused), "code"), "too_many_attempts");
  EXPECT_FALSE(refused.headers.get("Retry-After").empty());
  EXPECT_EQ(login("somebody", "else").status, 401);
}

TEST_F(Web, a_browser_that_signed_in_before_is_not_shut_out_by_others_at_its_address) {
  start();
  net::Headers device;
  const auto first = login("admin", kPassword);
  for (const auto& [name, value] : first.headers.all()) {
    if (name == "Set-Cookie" && value.starts_with("surveillx_device=")) {
      device.set("Cookie", value.substr(0, value.find(';')));
    }
  }
  ASSERT_TRUE(device.has("Cookie"));
  for (int i = 0; i < 4; ++i) (void)login("admin", "wrong");
  EXPECT_EQ(login("admin", kPassword).status, 429);
  const json::value right{{"username", "admin"}, {"password", kPassword}};
  EXPECT_EQ(post("/api/auth/login", right, device).status, 200);
  net::Headers forged;
  forged.set("Cookie", "surveillx_device=made.up");
  EXPECT_EQ(post("/api/auth/login", right, forged).status, 429);
  const json::value other{{"username", "somebody"}, {"password", "x"}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post("/api/auth/login", other, device).status, 401);
  EXPECT_EQ(post("/api/auth/login", other, device).status, 429) << "it speaks for one user alone";
}

TEST_F(Web, malformed_sign_ins_are_named) {
  start();
  for (const auto& bad :
       {json::value(1), json::value(json::object()),
        json::value({{"username", "admin"}, {"password", 5}}),
        json::value({{"username", std::string(5'000, 'a')}, {"password", "x"}})}) {
    const auto response = post("/api/auth/login", bad);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(text(body(response), "code"), "bad_request");
  }
  net::Headers foreign;
  foreign.set("Origin", "http://evil.example");
  const auto response =
      post("/api/auth/login", {{"username", "admin"}, {"password", kPassword}}, foreign);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(text(body(response), "code"), "forbidden_origin");
}

}  // namespace
}  // namespace surveillx::webapp
