#include "login_throttle.hpp"

#include <gtest/gtest.h>

namespace surveillx::webapp {
namespace {

using namespace std::chrono_literals;

class Throttle : public testing::Test {
 protected:
  bool allowed(const char* user, const char* address) {
    return !throttle_.start(user, {address, {}}).has_value();
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
  const auto wait = throttle_.start("ada", {"a", {}});
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, 40s);
  clock_.advance(40s);
  EXPECT_TRUE(allowed("ada", "a"));
}

TEST_F(Throttle, success_forgets_the_failures) {
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  throttle_.succeeded("ada", {"a", {}});
  EXPECT_TRUE(allowed("ada", "a"));
}

TEST_F(Throttle, a_name_in_another_spelling_is_no_new_name) {
  for (const char* name : {"j\u00f6rg", "Jo\u0308rg", "J\u00d6RG"}) EXPECT_TRUE(allowed(name, "10.0.0.1"));
  EXPECT_FALSE(allowed("JO\u0308RG", "10.0.0.1"));
}

TEST_F(Throttle, attempts_under_way_count_so_that_many_at_once_gain_nothing) {
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_TRUE(allowed("ada", "a"));
  EXPECT_FALSE(allowed("ada", "a"));
  throttle_.undecided("ada", {"a", {}});
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
    const std::string address = "a" + std::to_string(i);
    (void)throttle.start("user" + std::to_string(i), {address, {}});
  }
  EXPECT_TRUE(throttle.start("user999", {"a999", {}}).has_value());
  EXPECT_FALSE(throttle.start("user1", {"a1", {}}).has_value());
}

TEST_F(Throttle, one_network_of_ipv6_is_one_address) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(allowed("ada", ("2001:db8:1:2::" + std::to_string(i + 1)).c_str()));
  }
  EXPECT_FALSE(allowed("ada", "2001:db8:1:2:ffff::1"));
  EXPECT_TRUE(allowed("ada", "2001:db8:1:3::1"));
}

/// Strangers fail for "ada" from ever new addresses until her name's allowance is used up.
class TriedEverywhere : public Throttle {
 protected:
  TriedEverywhere() {
    for (int i = 0; i < 100; ++i) {
      (void)throttle_.start("ada", {"10.1.0." + std::to_string(i), {}});
    }
  }
  LoginThrottle throttle_{clock_, ThrottleLimits{3, 6, 600s, 10'000, 20, 30s}};
};

TEST_F(TriedEverywhere, costs_who_failed_before_the_next_try_but_not_whoever_comes_first) {
  EXPECT_TRUE(throttle_.start("ada", {"10.1.0.1", {}})) << "failed before: waits";
  EXPECT_FALSE(throttle_.start("grace", {"10.1.0.1", {}})) << "another name";
  EXPECT_FALSE(throttle_.start("ada", {"10.2.0.1", {}})) << "a first try goes through";
  const auto wait = throttle_.start("ada", {"10.2.0.1", {}});
  ASSERT_TRUE(wait);
  EXPECT_LE(*wait, 31s);
  clock_.advance(31s);
  EXPECT_FALSE(throttle_.start("ada", {"10.2.0.1", {}})) << "slowly, it goes on";
}

TEST_F(TriedEverywhere, does_not_concern_an_address_where_the_user_has_signed_in) {
  EXPECT_FALSE(throttle_.start("ada", {"10.3.0.1", {}}));
  throttle_.succeeded("ada", {"10.3.0.1", {}});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(throttle_.start("ada", {"10.3.0.1", {}}));
  EXPECT_TRUE(throttle_.start("ada", {"10.3.0.1", {}})) << "its own failures still count";
}

TEST_F(TriedEverywhere, does_not_concern_a_device_that_signed_in_before_nor_do_its_neighbours) {
  for (int i = 0; i < 50; ++i) (void)throttle_.start("ada", {"10.9.0.1", {}});
  EXPECT_TRUE(throttle_.start("ada", {"10.9.0.1", {}}));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(throttle_.start("ada", {"10.9.0.1", "laptop"}));
  EXPECT_TRUE(throttle_.start("ada", {"10.9.0.1", "laptop"}));
  throttle_.undecided("ada", {"10.9.0.1", "laptop"});
  EXPECT_FALSE(throttle_.start("ada", {"10.9.0.1", "laptop"}));
}

}  // namespace
}  // namespace surveillx::webapp
