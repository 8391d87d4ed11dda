#include "running_web.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, signing_out_drops_the_sessions_sockets_and_no_others) {
  start();
  const auto token = token_of();
  auto& mine = connect({{"token", token}});
  auto& other = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return mine.connects == 1 && other.connects == 1; }));
  net::Headers headers;
  headers.set("Authorization", "Bearer " + token);
  EXPECT_EQ(post("/api/auth/logout", nullptr, headers).status, 204);
  ASSERT_TRUE(eventually([&] { return mine.disconnects == 1 && !mine.refusal().empty(); }));
  EXPECT_EQ(mine.refusal(), "unauthorized");
  EXPECT_EQ(other.disconnects, 0);
}

}  // namespace
}  // namespace surveillx::webapp
