#include "running_web.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, a_new_password_ends_the_other_sessions_and_keeps_this_one) {
  start();
  const auto mine = token_of();
  const auto other = token_of();
  net::Headers headers;
  headers.set("Authorization", "Bearer " + mine);
  const auto change = [&](const char* from, const char* to) {
    return post("/api/auth/password", {{"current_password", from}, {"new_password", to}}, headers);
  };
  EXPECT_EQ(change("wrong", "a longer password").status, 403);
  EXPECT_EQ(text(body(change(kPassword, "short")), "code"), "weak_password");
  EXPECT_EQ(change(kPassword, "a longer password").status, 204);
  EXPECT_EQ(get("/api/auth/me", mine).status, 200);
  EXPECT_EQ(get("/api/auth/me", other).status, 401);
  EXPECT_EQ(login("admin", kPassword).status, 401);
  EXPECT_EQ(login("admin", "a longer password").status, 200);
}

}  // namespace
}  // namespace surveillx::webapp
