#include "postgres_target.hpp"

#include <gtest/gtest.h>

#include <libpq-fe.h>

#include <map>

namespace surveillx::store {
namespace {

/// What libpq makes of an address, by its names for it.
std::map<std::string, std::string> read_by_libpq(const std::string& url) {
  std::map<std::string, std::string> values;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), nullptr);
  for (const PQconninfoOption* one = options; one != nullptr && one->keyword != nullptr; ++one) {
    if (one->val != nullptr) values[one->keyword] = one->val;
  }
  PQconninfoFree(options);
  return values;
}

TEST(PostgresTarget, our_limits_are_added_wherever_the_address_has_question_marks) {
  for (const char* url : {"postgresql://db/x", "postgresql://u@db:5433/x", "postgresql://u:pa?ss@db/x",
                          "postgresql://u:pa?ss@db/x?sslmode=prefer", "postgresql:///x?host=/tmp"}) {
    const auto target = parse_postgres(url);
    ASSERT_TRUE(target) << url;
    const auto before = read_by_libpq(url);
    auto after = read_by_libpq(target->url);
    EXPECT_EQ(after["connect_timeout"], "5") << target->url;
    EXPECT_EQ(after["keepalives_count"], "3") << target->url;
    EXPECT_EQ(after["fallback_application_name"], "surveillx") << target->url;
    for (const auto& [name, value] : before) EXPECT_EQ(after[name], value) << name << " of " << url;
  }
}

TEST(PostgresTarget, what_the_operator_has_set_stays) {
  const auto target = parse_postgres("postgresql://db/x?connect_timeout=9");
  ASSERT_TRUE(target);
  EXPECT_EQ(read_by_libpq(target->url)["connect_timeout"], "9");
  EXPECT_EQ(target->connect_limit, std::chrono::seconds(11));
}

TEST(PostgresTarget, nothing_that_is_told_holds_the_password) {
  const auto target = parse_postgres("postgresql://u:pa?ss@db/x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->password, "pa?ss");
  EXPECT_EQ(target->description.find("ss@"), std::string::npos) << target->description;
  const auto refused = parse_postgres("postgresql://u:secret@db/x?no_such=1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace surveillx::store
