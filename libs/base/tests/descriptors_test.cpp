#include "surveillx/base/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

namespace surveillx {
namespace {

TEST(Descriptors, the_soft_limit_is_raised_to_the_hard_one) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(256, before.rlim_max);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(descriptor_limit(), low.rlim_cur);
  const std::size_t raised = raise_descriptor_limit();
  EXPECT_EQ(raised, std::min<rlim_t>(before.rlim_max, 65'536));
  EXPECT_EQ(descriptor_limit(), raised);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace surveillx
