#include "surveillx/base/id.hpp"

#include <gtest/gtest.h>

#include <set>

namespace surveillx {
namespace {

using ThingId = Id<struct ThingTag>;

TEST(Uuid, is_random_and_of_version_4) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = new_uuid();
    EXPECT_TRUE(is_uuid(uuid)) << uuid;
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Id, takes_nothing_but_a_lower_case_uuid) {
  EXPECT_TRUE(ThingId::parse("0d4f4e0e-6b0a-4c55-9d0c-8a1c1f2b7a01"));
  for (const char* bad :
       {"", "1", "0d4f4e0e6b0a4c559d0c8a1c1f2b7a01", "0D4F4E0E-6B0A-4C55-9D0C-8A1C1F2B7A01",
        "0d4f4e0e-6b0a-4c55-9d0c-8a1c1f2b7a0g", "0d4f4e0e-6b0a-4c55-9d0c-8a1c1f2b7a01 ",
        "' or 1=1 --                         "}) {
    EXPECT_FALSE(ThingId::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace surveillx
