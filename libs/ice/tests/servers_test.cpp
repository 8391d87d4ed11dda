#include "surveillx/ice/servers.hpp"

#include <gtest/gtest.h>

namespace surveillx::ice {
namespace {

TEST(Servers, stun_comes_first_and_accounts_are_what_the_urls_say) {
  EXPECT_TRUE(servers_for({}, "door", from_millis(0)).empty());
  const ServerPlan plan{
      "stun:stun.example", {"turn:10.0.0.1", "turn:ada:s%40cret@10.0.0.2", "http://c"}, "", {}};
  EXPECT_EQ(servers_for(plan, "door", from_millis(0)),
            (std::vector<Server>{{"stun", "", "", "stun.example", ""},
                                 {"turn", "", "", "10.0.0.1", ""},
                                 {"turn", "ada", "s@cret", "10.0.0.2", ""}}));
}

TEST(Servers, a_shared_secret_gives_every_turn_server_without_an_account_one_that_ends) {
  const ServerPlan plan{"stun:stun.example",
                        {"turn:10.0.0.1:3478?transport=tcp", "turn:ada:own@10.0.0.2"},
                        "north",
                        std::chrono::hours(1)};
  const auto servers = servers_for(plan, "door", from_millis(1'000'000));
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_FALSE(servers[0].has_account());
  EXPECT_EQ(servers[1].url(), "turn:10.0.0.1:3478?transport=tcp");
  EXPECT_EQ(servers[1].username, "4600:door");
  EXPECT_EQ(servers[1].credential.size(), 28U);
  EXPECT_TRUE(servers[1].element_url().starts_with("turn://4600%3Adoor:"));
  EXPECT_EQ(servers[2], (Server{"turn", "ada", "own", "10.0.0.2", ""}));
}

}  // namespace
}  // namespace surveillx::ice
