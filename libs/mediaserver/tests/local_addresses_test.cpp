#include "local_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::mediaserver {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

TEST(LocalAddresses, what_is_configured_stays_as_it_is) {
  EXPECT_THAT(ice_addresses({"10.0.0.7"}), ElementsAre("10.0.0.7"));
}

TEST(LocalAddresses, without_any_the_machines_own_are_used_with_loopback_for_cameras_on_it) {
  const auto addresses = ice_addresses({});
  EXPECT_THAT(addresses, Contains("127.0.0.1"));
  EXPECT_THAT(addresses, Not(Contains("::1")));
  EXPECT_THAT(addresses, Not(Contains(StartsWith("fe80:"))));
}

}  // namespace
}  // namespace surveillx::mediaserver
