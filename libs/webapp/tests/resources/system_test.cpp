#include "running_web.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, the_engine_is_told_once_media_has_said_which_it_is) {
  start();
  const auto token = token_of();
  auto system = body(get("/api/system", token));
  EXPECT_FALSE(system.at("media_connected").as_bool());
  EXPECT_TRUE(system.at("engine").is_null());
  EXPECT_EQ(text(system, "version"), "1.2.3");
  EXPECT_EQ(text(system, "timezone"), "Europe/Berlin");
  EXPECT_EQ(text(system.at("database").as_object(), "kind"), "sqlite");
  EXPECT_EQ(text(system.at("publish").as_object(), "mode"), "internal");

  connect_media();
  ASSERT_TRUE(eventually([&] {
    system = body(get("/api/system", token));
    return system.at("media_connected").as_bool();
  }));
  EXPECT_EQ(text(system.at("engine").as_object(), "name"), "builtin");
}

TEST_F(Web, in_legacy_mode_the_page_is_told_where_pictures_go) {
  options_.config.publish.mode = config::PublishMode::legacy;
  options_.config.publish.url = "http://127.0.0.1:5001";
  start();
  const auto publish = body(get("/api/system", token_of())).at("publish").as_object();
  EXPECT_EQ(text(publish, "mode"), "legacy");
  EXPECT_EQ(text(publish, "url"), "http://127.0.0.1:5001");
}

TEST_F(Web, where_pictures_go_is_told_without_the_password_for_there) {
  options_.config.publish.mode = config::PublishMode::legacy;
  options_.config.publish.url = "http://u:s3cret@127.0.0.1:5001";
  start();
  const auto publish = body(get("/api/system", token_of())).at("publish").as_object();
  EXPECT_EQ(text(publish, "url"), "http://u:***@127.0.0.1:5001");
}

}  // namespace
}  // namespace surveillx::webapp
