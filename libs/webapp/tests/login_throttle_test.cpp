#include "login_throttle.hpp"

#include <gtest/gtest.h>

namespace surveillx::webapp {
namespace {

using namespace std::chrono_literals;

class Throttle : public testing::Test {
 protected:
  bool allowed(const char* user, const char* address) {
    return !throttle_.start(user, address).has_value();
  }
  ManualClock clock_;
  LoginThrottle throttle_{clock_, ThrottleLimits{3, 6, 60s, 10}};
};

TEST_F(Throttle, failures_are_counted_by_name_and_address) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowed("ada", "10.0.0.1"));
  EXPECT_FALSE(allowed("ada", "10.0.0.1"));
  EXPECT_FALSE(allowed("ADA", "10.0.0.1")) << "letter case is no new name";
  EXPECT_TRUE(allowed("ada", "10.0.0.2"));
  EXPECT_TRUE(allowed("grace", "10.0.0.1"));
}

TEST_F(Throttle, says_how_long_to_wait_and_lets_in_again_after_it) {
  (void)allowed("ada", "a");
  clock_.advance(20s);
  (void)allowed("ada", "a");
  (void)allowed("ada", "a");
  const auto wait = throttle_.start("ada", "a");
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, 40s);
  clock_.advance(40s);
  EXPECT_TRUE(allowed("ada", "a"));
}

TEST_F(Throttle, success_forgets_the_failures) {
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  throttle_.succeeded("ada", "a");
  EXPECT_TRUE(allowed("ada", "a"));
}

TEST_F(Throttle, attempts_under_way_count_so_that_many_at_once_gain_nothing) {
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_FALSE(allowed("ada", "a"));
  throttle_.undecided("ada", "a");
  EXPECT_TRUE(allowed("ada", "a"));
}

TEST_F(Throttle, one_address_cannot_try_endless_names) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(allowed(("user" + std::to_string(i)).c_str(), "a"));
  EXPECT_FALSE(allowed("another", "a"));
}

TEST_F(Throttle, memory_is_bounded_and_the_newest_stay) {
  LoginThrottle throttle(clock_, ThrottleLimits{1, 1'000'000, 60s, 10});
  for (int i = 0; i < 1'000; ++i) {
    clock_.advance(1ms);
    (void)throttle.start("user" + std::to_string(i), "a" + std::to_string(i));
  }
  EXPECT_TRUE(throttle.start("user999", "a999").has_value());
  EXPECT_FALSE(throttle.start("user1", "a1").has_value());
}

}  // namespace
}  // namespace surveillx::webapp
