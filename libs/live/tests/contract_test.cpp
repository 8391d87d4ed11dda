#include "surveillx/live/attendance.hpp"
#include "surveillx/live/camera_report.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/live/detection.hpp"
#include "surveillx/live/frame.hpp"
#include "surveillx/live/gallery.hpp"
#include "surveillx/live/media_hello.hpp"

#include "surveillx/test_support/support.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

// Against the examples of contracts/fixtures/socketio, which the dashboard's tests read too.
namespace surveillx::live {
namespace {

namespace json = boost::json;

json::object fixture(const std::string& name) {
  return json::parse(test_support::read_file(std::string(SURVEILLX_SOURCE_DIR) +
                                             "/contracts/fixtures/socketio/" + name + ".json"))
      .as_object();
}

/// With every number as a double: JSON does not tell 0 from 0.0.
json::value plain(json::value value) {
  if (value.is_number()) return value.to_number<double>();
  if (auto* array = value.if_array()) {
    for (auto& item : *array) item = plain(item);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) member.value() = plain(member.value());
  }
  return value;
}

/// What was read, written again; nothing when it was refused.
using Again = std::function<std::optional<json::object>(const json::object&)>;

template <class Event>
std::optional<json::object> again(const json::object& object) {
  const auto event = Event::from_json(object);
  if (event) return event->to_json();
  EXPECT_TRUE(event.error().is(kMalformed));
  EXPECT_FALSE(event.error().message.empty());
  return std::nullopt;
}

/// Fixtures write an attachment as `{"$binary": <base64>}`.
std::optional<json::object> frame_again(const json::object& object) {
  std::optional<SharedBytes> bytes;
  const auto find_bytes = [&bytes](const json::value& picture) -> const SharedBytes* {
    const auto* inner = picture.if_object();
    const auto* text = inner == nullptr ? nullptr : inner->if_contains("$binary");
    if (text == nullptr) return nullptr;
    bytes = SharedBytes(base64_decode(std::string(text->as_string())).value());
    return &*bytes;
  };
  const auto frame = Frame::from_json(object, find_bytes);
  if (!frame) return std::nullopt;
  return frame->to_json({{"$binary", base64_encode(frame->jpeg.view())}});
}

struct Contract {
  const char* fixture;
  Again again;
};

class Events : public testing::TestWithParam<Contract> {};

TEST_P(Events, every_example_of_the_contract_means_the_same_when_it_is_written_again) {
  const auto file = fixture(GetParam().fixture);
  for (const auto& example : file.at("examples").as_array()) {
    const auto* state = example.as_object().if_contains("state");
    if (state != nullptr && state->as_string() == "removed") continue;  // Web alone says so.
    const auto written = GetParam().again(example.as_object());
    ASSERT_TRUE(written) << json::serialize(example);
    EXPECT_EQ(plain(*written), plain(example)) << json::serialize(*written);
  }
}

TEST_P(Events, every_counterexample_of_the_contract_is_refused) {
  const auto file = fixture(GetParam().fixture);
  ASSERT_FALSE(file.at("invalid").as_array().empty());
  for (const auto& example : file.at("invalid").as_array()) {
    EXPECT_FALSE(GetParam().again(example.as_object())) << json::serialize(example);
  }
}

TEST_P(Events, an_object_without_any_one_of_its_members_is_refused) {
  const auto file = fixture(GetParam().fixture);
  const auto& whole = file.at("examples").as_array().front().as_object();
  for (const auto& member : whole) {
    auto object = whole;
    object.erase(member.key());
    EXPECT_FALSE(GetParam().again(object)) << member.key();
  }
}

TEST_P(Events, a_member_that_is_not_known_is_overlooked) {
  auto object = fixture(GetParam().fixture).at("examples").as_array().front().as_object();
  const auto whole = object;
  object["later"] = json::object{{"than", 1}};
  const auto written = GetParam().again(object);
  ASSERT_TRUE(written);
  EXPECT_EQ(plain(*written), plain(whole)) << json::serialize(*written);
}

INSTANTIATE_TEST_SUITE_P(
    Contract, Events,
    testing::Values(Contract{"media_frame", frame_again}, Contract{"detection", again<Detection>},
                    Contract{"attendance", again<Attendance>},
                    Contract{"camera", again<CameraReport>}, Contract{"demand", again<Demand>},
                    Contract{"gallery", again<Gallery>}),
    [](const auto& test) { return std::string(test.param.fixture); });

TEST(Removed, media_cannot_say_that_a_camera_was_removed) {
  int seen = 0;
  const auto file = fixture("camera");
  for (const auto& example : file.at("examples").as_array()) {
    if (example.at("state").as_string() != "removed") continue;
    ++seen;
    EXPECT_FALSE(CameraReport::from_json(example.as_object()));
  }
  EXPECT_EQ(seen, 1);
}

TEST(MediaHello, every_example_of_the_contract_means_the_same_when_it_is_written_again) {
  const auto file = fixture("media_auth");
  for (const auto& example : file.at("examples").as_array()) {
    auto object = example.as_object();
    object.erase("token");
    const auto hello = MediaHello::from_json(object);
    ASSERT_TRUE(hello) << hello.error().message;
    ASSERT_TRUE(hello->engine);
    EXPECT_EQ(hello->engine->trial, hello->engine->name == "builtin");
    EXPECT_TRUE(hello->signaling_listening);
    EXPECT_EQ(hello->to_json(), object);
  }
}

TEST(MediaHello, a_node_has_a_name_where_there_are_several) {
  MediaHello hello;
  EXPECT_FALSE(hello.to_json().contains("node"));
  hello.node = "north";
  const auto read = MediaHello::from_json(hello.to_json());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, hello);
  const auto unnamed = MediaHello::from_json({{"version", "1"}, {"node", ""}});
  ASSERT_TRUE(unnamed);
  EXPECT_EQ(unnamed->node, "");
}

TEST(MediaHello, a_name_that_is_none_is_refused_and_not_taken_for_the_only_node) {
  for (const json::value& node : {json::value(2), json::value(nullptr), json::value("two words"),
                                  json::value("-"), json::value(std::string(65, 'n'))}) {
    const auto hello = MediaHello::from_json({{"version", "1"}, {"node", node}});
    ASSERT_FALSE(hello) << node;
    EXPECT_TRUE(hello.error().is(kMalformedNode));
    EXPECT_THAT(hello.error().message, testing::HasSubstr("`node`"));
  }
}

TEST(MediaHello, what_else_is_malformed_counts_as_not_said) {
  const auto hello = MediaHello::from_json(
      {{"version", 1}, {"engine", {{"name", "yunet"}}}, {"signaling_listening", "yes"}});
  ASSERT_TRUE(hello);
  EXPECT_TRUE(hello->version.empty());
  EXPECT_TRUE(hello->node.empty());
  EXPECT_FALSE(hello->engine);
  EXPECT_FALSE(hello->signaling_listening);
  const auto same = MediaHello::from_json(hello->to_json());
  ASSERT_TRUE(same);
  EXPECT_EQ(*same, *hello);
}

}  // namespace
}  // namespace surveillx::live
