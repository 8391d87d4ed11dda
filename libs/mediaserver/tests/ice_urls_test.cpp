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

}  // namespace surveillx::mediaserver
