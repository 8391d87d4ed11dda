#include "surveillx/ice/local_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surveillx::ice {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(LocalAddresses, what_is_configured_stays_as_it_is_but_for_what_is_not_here) {
  EXPECT_THAT(addresses_to_announce({"127.0.0.2"}), ElementsAre("127.0.0.2"));
  EXPECT_THAT(addresses_to_announce({"192.0.2.7"}), ElementsAre("192.0.2.7"));
  EXPECT_THAT(addresses_to_announce({"192.0.2.7", "127.0.0.1"}), ElementsAre("127.0.0.1"));
}

TEST(LocalAddresses, without_any_the_machines_own_are_used_with_loopback_for_cameras_on_it) {
  const auto addresses = addresses_to_announce({});
  EXPECT_THAT(addresses, Contains("127.0.0.1"));
  EXPECT_THAT(addresses, Not(Contains("::1")));
  EXPECT_THAT(addresses, Not(Contains(StartsWith("fe80:"))));
}

TEST(LocalAddresses, those_that_this_machine_does_not_have_are_named_with_the_ones_it_has) {
  // TEST-NET-1 (RFC 5737) and the documentation prefix of IPv6 (RFC 3849) are nobody's.
  EXPECT_THAT(addresses_not_here({"127.0.0.1", "192.0.2.7", "127.0.0.2", "2001:db8::7", "x"}),
              ElementsAre("192.0.2.7", "2001:db8::7", "x"));
  EXPECT_TRUE(check_local_addresses({"127.0.0.1"}));
  const auto checked = check_local_addresses({"127.0.0.1", "192.0.2.7"});
  ASSERT_FALSE(checked);
  EXPECT_TRUE(checked.error().is(kAddressNotHere));
  EXPECT_THAT(checked.error().message, HasSubstr("ice.local_addresses names 192.0.2.7,"));
  EXPECT_THAT(checked.error().message, HasSubstr("it has 127.0.0.1"));
}

TEST(LocalAddresses, one_that_nothing_can_be_gathered_on_is_refused_by_name) {
  EXPECT_TRUE(check_gatherable({}));
  EXPECT_TRUE(check_gatherable({"127.0.0.1", "127.0.0.1"}));
  for (const char* address : {"192.0.2.77", "2001:db8::77", "no.address", "127.0.0.1:80", ""}) {
    const auto checked = check_gatherable({"127.0.0.1", address});
    ASSERT_FALSE(checked) << address;
    EXPECT_EQ(checked.error().name, kBadIceAddress);
    EXPECT_THAT(checked.error().message,
                HasSubstr(std::string("ice.local_addresses: ") + address));
  }
}

}  // namespace
}  // namespace surveillx::ice
