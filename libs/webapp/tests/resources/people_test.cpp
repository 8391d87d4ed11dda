#include "running_web.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, people_are_paged_and_searched) {
  for (const char* name : {"Ada", "Grace", "Hedy"}) {
    ASSERT_TRUE(options_.store->people.create({name, "", ""}));
  }
  start();
  const auto token = token_of();
  auto page = body(get("/api/people?limit=2", token));
  EXPECT_EQ(page.at("people").as_array().size(), 2);
  page = body(get("/api/people?limit=2&cursor=" + text(page, "next_cursor"), token));
  EXPECT_EQ(page.at("people").as_array().size(), 1);
  EXPECT_TRUE(page.at("next_cursor").is_null());
  page = body(get("/api/people?search=GRA", token));
  ASSERT_EQ(page.at("people").as_array().size(), 1);
  EXPECT_EQ(get("/api/people?limit=0", token).status, 400);
  EXPECT_EQ(get("/api/people?cursor=nonsense", token).status, 400);
}

}  // namespace
}  // namespace surveillx::webapp
