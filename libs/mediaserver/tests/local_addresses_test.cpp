#include "surveillx/mediaserver/local_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::mediaserver {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(LocalAddresses, what_is_configured_stays_as_it_is_but_for_what_is_not_here) {
  EXPECT_THAT(ice_addresses({"127.0.0.2"}), ElementsAre("127.0.0.2"));
  EXPECT_THAT(ice_addresses({"192.0.2.7"}), ElementsAre("192.0.2.7"));
  EXPECT_THAT(ice_addresses({"192.0.2.7", "127.0.0.1"}), ElementsAre("127.0.0.1"));
}

TEST(LocalAddresses, without_any_the_machines_own_are_used_with_loopback_for_cameras_on_it) {
  const auto addresses = ice_addresses({});
  EXPECT_THAT(addresses, Contains("127.0.0.1"));
  EXPECT_THAT(addresses, Not(Contains("::1")));
  EXPECT_THAT(addresses, Not(Contains(StartsWith("fe80:"))));
}

TEST(LocalAddresses, those_that_this_machine_does_not_have_are_named_with_the_ones_it_has) {
  // TEST-NET-1 (RFC 5737) and the documentation prefix of IPv6 (RFC 3849) are nobody's.
  EXPECT_THAT(addresses_not_here({"127.0.0.1", "192.0.2.7", "127.0.0.2", "2001:db8::7", "x"}),
              ElementsAre("192.0.2.7", "2001:db8::7", "x"));
  config::Ice ice;
  EXPECT_TRUE(check_local_addresses(ice));
  ice.local_addresses = {"127.0.0.1", "192.0.2.7"};
  const auto checked = check_local_addresses(ice);
  ASSERT_FALSE(checked);
  EXPECT_TRUE(checked.error().is(kAddressNotHere));
  EXPECT_THAT(checked.error().message, HasSubstr("ice.local_addresses names 192.0.2.7,"));
  EXPECT_THAT(checked.error().message, HasSubstr("it has 127.0.0.1"));
}

}  // namespace
}  // namespace surveillx::mediaserver
