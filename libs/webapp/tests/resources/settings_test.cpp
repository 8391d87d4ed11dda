#include "running_web.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, an_administrator_reads_what_is_set_and_by_which_way_but_no_secret) {
  options_.config.security.metrics_token = "a token of the monitoring system";
  options_.config.origins["security.metrics_token"] = {config::Source::environment,
                                                       "$SURVEILLX_SECURITY_METRICS_TOKEN"};
  start();
  const auto response = get("/api/settings", token_of());
  ASSERT_EQ(response.status, 200);
  EXPECT_THAT(std::string(response.body.text()), testing::Not(testing::HasSubstr("monitoring")));
  const auto answer = body(response);
  const auto told = [&](const std::string& key) {
    for (const auto& setting : answer.at("settings").as_array()) {
      if (text(setting.as_object(), "key") == key) return setting.as_object();
    }
    ADD_FAILURE() << key;
    return json::object();
  };
  EXPECT_EQ(text(told("attendance.timezone"), "value"), "Europe/Berlin");
  EXPECT_EQ(text(told("publish.width"), "source"), "default");
  EXPECT_EQ(text(told("security.metrics_token"), "source"), "environment");
  EXPECT_TRUE(told("security.metrics_token").at("secret").as_bool());
  EXPECT_TRUE(told("security.metrics_token").at("value").is_null());
  EXPECT_TRUE(told("security.metrics_token").at("set").as_bool());
  EXPECT_FALSE(told("publish.token").at("set").as_bool());
}

TEST_F(Web, settings_are_for_administrators) {
  ASSERT_TRUE(options_.store->users.add("olga", domain::Role::operator_, "operator password"));
  start();
  EXPECT_EQ(get("/api/settings", token_of("olga", "operator password")).status, 403);
}

}  // namespace
}  // namespace surveillx::webapp
