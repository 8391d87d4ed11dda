#include "surveillx/supervisor/restart_policy.hpp"

#include <gtest/gtest.h>

namespace surveillx::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RestartPolicy, a_child_that_keeps_dying_waits_longer_each_time_up_to_the_limit) {
  RestartPolicy policy({milliseconds(250), milliseconds(1'500), seconds(20)});
  const SteadyTime now{seconds(100)};
  policy.started(now);
  EXPECT_EQ(policy.died(now), milliseconds(250));
  EXPECT_EQ(policy.died(now), milliseconds(500));
  EXPECT_EQ(policy.died(now), milliseconds(1'000));
  EXPECT_EQ(policy.died(now), milliseconds(1'500));
  EXPECT_EQ(policy.died(now), milliseconds(1'500));
}

TEST(RestartPolicy, a_child_that_ran_well_starts_again_quickly) {
  RestartPolicy policy({milliseconds(250), milliseconds(15'000), seconds(20)});
  SteadyTime now{seconds(100)};
  policy.started(now);
  (void)policy.died(now);
  EXPECT_EQ(policy.died(now), milliseconds(500));
  policy.started(now);
  now += seconds(21);
  EXPECT_EQ(policy.died(now), milliseconds(250));
}

}  // namespace
}  // namespace surveillx::supervisor
