#include "surveillx/domain/node_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx::domain {
namespace {

TEST(NodeName, is_of_letters_digits_and_a_few_marks) {
  for (const char* name : {"north", "Haus-2", "gate_1", "10.0.0.7", "a"}) {
    EXPECT_TRUE(is_node_name(name)) << name;
  }
  EXPECT_TRUE(is_node_name(std::string(64, 'n')));
}

TEST(NodeName, has_nothing_that_a_log_or_a_page_would_have_to_escape) {
  for (const char* name :
       {"", " ", "north wing", "-north", ".", "a/b", "a\nb", "\"", "<b>", "höhe"}) {
    EXPECT_FALSE(is_node_name(name)) << name;
  }
  EXPECT_FALSE(is_node_name(std::string(65, 'n')));
}

}  // namespace
}  // namespace surveillx::domain
