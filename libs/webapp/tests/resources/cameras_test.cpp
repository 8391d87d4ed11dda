#include "running_web.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, cameras_are_offline_until_media_tells_otherwise) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  const auto token = token_of();
  const auto only = [&] {
    const auto list = body(get("/api/cameras", token)).at("cameras").as_array();
    EXPECT_EQ(list.size(), 1);
    return list.empty() ? json::object() : list[0].as_object();
  };
  EXPECT_EQ(text(only(), "id"), camera.id.str());
  EXPECT_EQ(text(only(), "name"), "Entrance");
  EXPECT_EQ(text(only(), "state"), "offline");
  EXPECT_TRUE(only().at("last_frame_at").is_null());

  auto& media = connect_media();
  ASSERT_TRUE(eventually([&] { return media.connects == 1; }));
  emit(media, "camera", camera_payload(camera, "live"));
  ASSERT_TRUE(eventually([&] { return text(only(), "state") == "live"; }));
  EXPECT_EQ(text(only(), "codec"), "VP8");
  EXPECT_EQ(only().at("width").to_number<int>(), 640);
  EXPECT_THAT(text(only(), "last_frame_at"), testing::HasSubstr("+0")) << "the site's offset";
}

}  // namespace
}  // namespace surveillx::webapp
