#include "ice_urls.hpp"

#include <gtest/gtest.h>

namespace surveillx::mediaserver {

TEST(IceUrls, the_configuration_s_forms_become_webrtcbin_s) {
  EXPECT_EQ(element_url(""), "");
  EXPECT_EQ(element_url("stun:stun.example:19302"), "stun://stun.example:19302");
  EXPECT_EQ(element_url("stun:stun.example"), "stun://stun.example:3478");
  EXPECT_EQ(element_url("stun:[2001:db8::1]"), "stun://[2001:db8::1]:3478");
  EXPECT_EQ(element_url("turn:ada:s%40cret@10.0.0.1:3478?transport=tcp"),
            "turn://ada:s%40cret@10.0.0.1:3478?transport=tcp");
  EXPECT_EQ(element_url("turns://ada:secret@turn.example?transport=tcp"),
            "turns://ada:secret@turn.example:5349?transport=tcp");
}

TEST(IceUrls, a_camera_is_told_url_and_account_apart) {
  EXPECT_EQ(welcome_server("stun://stun.example:3478"),
            (signaling::IceServer{{"stun:stun.example:3478"}, "", ""}));
  EXPECT_EQ(welcome_server("turn:ada:s%40cret@10.0.0.1?transport=udp"),
            (signaling::IceServer{{"turn:10.0.0.1?transport=udp"}, "ada", "s@cret"}));
}

TEST(IceUrls, a_shared_secret_gives_every_server_without_an_account_one_that_ends) {
  config::Ice ice;
  ice.turn = {"turn:10.0.0.1:3478?transport=tcp", "turn:ada:own@10.0.0.2"};
  EXPECT_EQ(turn_urls(ice, "door", from_millis(0)), ice.turn);
  ice.turn_secret = "north";
  ice.turn_lifetime = std::chrono::hours(1);
  const auto urls = turn_urls(ice, "door", from_millis(1'000'000));
  EXPECT_EQ(urls.at(1), ice.turn.at(1));
  const auto server = welcome_server(urls.at(0));
  EXPECT_EQ(server.urls, std::vector<std::string>{"turn:10.0.0.1:3478?transport=tcp"});
  EXPECT_EQ(server.username, "4600:door");
  EXPECT_EQ(server.credential.size(), 28U);
  EXPECT_TRUE(element_url(urls.at(0)).starts_with("turn://4600%3Adoor:"));
}

}  // namespace surveillx::mediaserver
