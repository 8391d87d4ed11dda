#include "surveillx/config/explained_json.hpp"

#include "surveillx/test_support/support.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace surveillx::config {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class ExplainedJson : public testing::Test {
 protected:
  ExplainedJson() {
    options_.environment = {{"HOME", dir_.path().string()}, {"TZ", "UTC"}};
    options_.search.clear();
    options_.data_dir = dir_.file("data");
  }
  std::map<std::string, boost::json::object> told() {
    const auto loaded = load(options_);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    std::map<std::string, boost::json::object> result;
    if (!loaded) return result;
    for (const auto& value : explain(*loaded)) result[value.key] = to_json(value);
    return result;
  }
  static std::string text(const boost::json::object& object, const char* name) {
    return std::string(object.at(name).as_string());
  }

  test_support::TempDir dir_;
  LoadOptions options_;
};

TEST_F(ExplainedJson, a_key_tells_by_which_way_it_got_its_value) {
  test_support::write_file(dir_.path() / "surveillx.toml", "[media]\njpeg_quality = 70\n");
  options_.file = dir_.file("surveillx.toml");
  options_.environment["SURVEILLX_LOG_LEVEL"] = "warn";
  options_.overrides = {"publish.fps=5"};
  options_.public_ = true;
  const auto keys = told();
  const auto source = [&](const char* key) { return text(keys.at(key), "source"); };
  EXPECT_EQ(source("media.jpeg_quality"), "file");
  EXPECT_EQ(text(keys.at("media.jpeg_quality"), "value"), "70");
  EXPECT_THAT(text(keys.at("media.jpeg_quality"), "origin"), EndsWith("surveillx.toml:2"));
  EXPECT_EQ(source("log.level"), "environment");
  EXPECT_EQ(text(keys.at("log.level"), "origin"), "$SURVEILLX_LOG_LEVEL");
  EXPECT_EQ(source("publish.fps"), "command_line");
  EXPECT_EQ(source("security.public"), "command_line");
  EXPECT_EQ(source("web.listen"), "derived");
  EXPECT_EQ(source("attendance.timezone"), "derived");
  EXPECT_EQ(source("publish.width"), "default");
  EXPECT_EQ(text(keys.at("publish.width"), "origin"), "default");
}

TEST_F(ExplainedJson, no_secret_is_shown) {
  options_.environment["SURVEILLX_PUBLISH_TOKEN"] = "s3cret";
  options_.environment["SURVEILLX_DATABASE_URL"] = "postgresql://u:s3cret@db/x";
  const auto keys = told();
  for (const auto& [key, object] : keys) {
    EXPECT_THAT(boost::json::serialize(object), Not(HasSubstr("s3cret"))) << key;
  }
  EXPECT_TRUE(keys.at("publish.token").at("set").as_bool());
  EXPECT_FALSE(keys.at("ice.turn_secret").at("set").as_bool());
  for (const char* key : {"publish.token", "ice.turn_secret"}) {
    EXPECT_TRUE(keys.at(key).at("secret").as_bool()) << key;
    EXPECT_TRUE(keys.at(key).at("value").is_null()) << key;
  }
  EXPECT_EQ(text(keys.at("database.url"), "value"), "postgresql://u:***@db/x");
  EXPECT_FALSE(keys.at("database.url").at("secret").as_bool());
}

TEST_F(ExplainedJson, a_value_that_changed_after_loading_is_told_as_it_is_now) {
  auto loaded = load(options_);
  ASSERT_TRUE(loaded);
  loaded->attendance.timezone = "Europe/Berlin";
  const auto values = explain(*loaded);
  const auto zone = std::find_if(values.begin(), values.end(), [](const Explained& value) {
    return value.key == "attendance.timezone";
  });
  ASSERT_NE(zone, values.end());
  EXPECT_EQ(zone->value, "Europe/Berlin");
}

}  // namespace
}  // namespace surveillx::config
