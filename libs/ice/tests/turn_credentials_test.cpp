#include "surveillx/ice/turn_credentials.hpp"

#include <gtest/gtest.h>

namespace surveillx::ice {
namespace {

TEST(TurnCredentials, are_what_a_server_with_the_same_secret_computes) {
  // printf '1795430400:camera' | openssl dgst -sha1 -hmac north -binary | base64
  const auto credentials = turn_credentials("north", "camera", from_millis(1'795'430'400'999));
  EXPECT_EQ(credentials.username, "1795430400:camera");
  EXPECT_EQ(credentials.password, "UT/afCHPuHZ1uQvoqx6pWgDtLZs=");
}

TEST(TurnCredentials, differ_by_secret_name_and_time) {
  const auto one = turn_credentials("north", "camera", from_millis(1'795'430'400'000));
  EXPECT_NE(one.password, turn_credentials("south", "camera", from_millis(1'795'430'400'000)).password);
  EXPECT_NE(one.password, turn_credentials("north", "other", from_millis(1'795'430'400'000)).password);
  EXPECT_NE(one.password, turn_credentials("north", "camera", from_millis(1'795'430'401'000)).password);
}

}  // namespace
}  // namespace surveillx::ice
