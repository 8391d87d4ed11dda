#include "surveillx/net/address.hpp"

#include <gtest/gtest.h>

namespace surveillx::net {
namespace {

TEST(AddressGroup, ipv4_counts_by_address_however_it_is_written) {
  EXPECT_EQ(address_group("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("::ffff:c000:207"), "192.0.2.7");
  EXPECT_NE(address_group("192.0.2.7"), address_group("192.0.2.8"));
}

TEST(AddressGroup, ipv6_counts_by_its_first_64_bits) {
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_group("2001:db8:1:2::1"), address_group("2001:db8:1:2:ffff::9"));
  EXPECT_NE(address_group("2001:db8:1:2::1"), address_group("2001:db8:1:3::1"));
  EXPECT_EQ(address_group("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(address_group("::1"), "::/64");
}

TEST(AddressGroup, other_text_counts_as_itself) {
  EXPECT_EQ(address_group(""), "");
  EXPECT_EQ(address_group("unix"), "unix");
}

}  // namespace
}  // namespace surveillx::net
