#include "payloads.hpp"

#include "surveillx/test_support/support.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <functional>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;

json::object fixture(const std::string& name) {
  return json::parse(test_support::read_file(std::string(SURVEILLX_CONTRACTS) +
                                             "/fixtures/socketio/" + name + ".json"))
      .as_object();
}

/// As it would come from the wire: `{"$binary": ...}` becomes an attachment.
socketio::Arguments arguments_of(const json::value& example) {
  socketio::Arguments arguments;
  json::object object = example.as_object();
  for (auto& [name, value] : object) {
    const auto* inner = value.if_object();
    if (inner != nullptr && inner->contains("$binary")) {
      const std::string text(inner->at("$binary").as_string());
      value = socketio::attach(arguments, *base64_decode(text));
    }
  }
  arguments.args.emplace_back(std::move(object));
  return arguments;
}

struct Contract {
  const char* fixture;
  std::function<bool(const socketio::Arguments&)> accepts;
};

class Payloads : public testing::TestWithParam<Contract> {};

TEST_P(Payloads, every_example_of_the_contract_is_accepted_and_every_counterexample_refused) {
  const auto file = fixture(GetParam().fixture);
  ASSERT_FALSE(file.at("examples").as_array().empty());
  for (const auto& example : file.at("examples").as_array()) {
    // Web alone says `removed`.
    const auto* state = example.as_object().if_contains("state");
    const bool web_only = state != nullptr && state->as_string() == "removed";
    EXPECT_EQ(GetParam().accepts(arguments_of(example)), !web_only) << json::serialize(example);
  }
  ASSERT_FALSE(file.at("invalid").as_array().empty());
  for (const auto& example : file.at("invalid").as_array()) {
    EXPECT_FALSE(GetParam().accepts(arguments_of(example))) << json::serialize(example);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Contract, Payloads,
    testing::Values(
        Contract{"media_frame", [](const auto& a) { return parse_frame(a).has_value(); }},
        Contract{"detection", [](const auto& a) { return parse_detection(a).has_value(); }},
        Contract{"attendance", [](const auto& a) { return is_attendance(a); }},
        Contract{"camera", [](const auto& a) { return parse_camera(a).has_value(); }},
        Contract{"watch", [](const auto& a) { return parse_watch(a).has_value(); }}),
    [](const auto& test) { return std::string(test.param.fixture); });

TEST(Payloads, engine_facts_are_read_from_the_contracts_examples) {
  const auto file = fixture("media_auth");
  for (const auto& example : file.at("examples").as_array()) {
    const auto engine = parse_engine(example.as_object());
    ASSERT_TRUE(engine);
    EXPECT_EQ(engine->trial, engine->name == "builtin");
  }
}

TEST(Payloads, an_event_without_exactly_one_object_is_refused) {
  socketio::Arguments arguments;
  EXPECT_FALSE(parse_watch(arguments));
  arguments.args = {1};
  EXPECT_FALSE(parse_watch(arguments));
  arguments.args = {json::object(), json::object()};
  EXPECT_FALSE(parse_watch(arguments));
}

TEST(Payloads, a_placeholder_without_its_attachment_is_refused) {
  const auto file = fixture("media_frame");
  auto arguments = arguments_of(file.at("examples").as_array().front());
  ASSERT_TRUE(parse_frame(arguments));
  arguments.attachments.clear();
  EXPECT_FALSE(parse_frame(arguments));
}

TEST(Payloads, wishes_outside_the_limits_are_clamped) {
  socketio::Arguments arguments;
  json::object wish;
  wish["max_fps"] = 1000;
  wish["max_width"] = 700;
  arguments.args.emplace_back(wish);
  const auto watch = parse_watch(arguments);
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->max_fps, 60);
  EXPECT_EQ(watch->max_width, 1280);
  EXPECT_FALSE(watch->cameras);
}

}  // namespace
}  // namespace surveillx::webapp
