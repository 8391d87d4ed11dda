#include "watch.hpp"

#include "surveillx/test_support/support.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;

std::optional<WatchPayload> parse(const json::value& wish) {
  return parse_watch(socketio::one_object(wish.as_object()));
}

TEST(Watch, every_example_of_the_contract_is_accepted_and_every_counterexample_refused) {
  const auto file = json::parse(test_support::read_file(std::string(SURVEILLX_CONTRACTS) +
                                                        "/fixtures/socketio/watch.json"));
  ASSERT_FALSE(file.at("examples").as_array().empty());
  for (const auto& example : file.at("examples").as_array()) {
    EXPECT_TRUE(parse(example)) << json::serialize(example);
  }
  ASSERT_FALSE(file.at("invalid").as_array().empty());
  for (const auto& example : file.at("invalid").as_array()) {
    EXPECT_FALSE(parse(example)) << json::serialize(example);
  }
}

TEST(Watch, an_event_without_exactly_one_object_is_refused) {
  socketio::Arguments arguments;
  EXPECT_FALSE(parse_watch(arguments));
  arguments.args = {1};
  EXPECT_FALSE(parse_watch(arguments));
  arguments.args = {json::object(), json::object()};
  EXPECT_FALSE(parse_watch(arguments));
}

TEST(Watch, wishes_outside_the_limits_are_clamped) {
  const auto watch = parse({{"max_fps", 1000}, {"max_width", 700}});
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->max_fps, 60);
  EXPECT_EQ(watch->max_width, 1280);
  EXPECT_FALSE(watch->cameras);
}

}  // namespace
}  // namespace surveillx::webapp
