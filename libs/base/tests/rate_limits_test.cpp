#include "surveillx/base/rate_limits.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx {
namespace {

using std::chrono::seconds;

TEST(RateLimits, a_key_gets_its_burst_and_then_one_a_refill) {
  ManualClock clock;
  RateLimits limits(clock, {3, seconds(10), 100});
  EXPECT_TRUE(limits.take("a") && limits.take("a") && limits.take("a"));
  EXPECT_FALSE(limits.take("a"));
  EXPECT_FALSE(limits.allows("a"));
  EXPECT_GT(limits.wait("a"), seconds(9));
  EXPECT_TRUE(limits.take("b")) << "keys do not share";
  clock.advance(seconds(10));
  EXPECT_TRUE(limits.take("a"));
  EXPECT_FALSE(limits.take("a"));
  clock.advance(seconds(1000));
  EXPECT_TRUE(limits.take("a") && limits.take("a") && limits.take("a"));
  EXPECT_FALSE(limits.take("a")) << "no more than the burst is saved up";
}

TEST(RateLimits, a_token_can_be_given_back_and_a_key_forgotten) {
  ManualClock clock;
  RateLimits limits(clock, {1, seconds(10), 100});
  EXPECT_TRUE(limits.take("a"));
  limits.give_back("a");
  EXPECT_TRUE(limits.take("a"));
  limits.forget("a");
  EXPECT_TRUE(limits.take("a"));
  limits.give_back("nobody");
  limits.forget("nobody");
}

TEST(RateLimits, the_keys_known_are_bounded_and_the_longest_unused_goes_first) {
  ManualClock clock;
  RateLimits limits(clock, {1, seconds(1'000), 10});
  EXPECT_TRUE(limits.take("kept"));
  for (int i = 0; i < 1'000; ++i) {
    (void)limits.take(std::to_string(i));
    EXPECT_FALSE(limits.take("kept")) << i;
  }
  EXPECT_TRUE(limits.take("0")) << "forgotten long ago";
}

}  // namespace
}  // namespace surveillx
