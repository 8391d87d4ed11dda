#include "surveillx/store/resource_json.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace surveillx::store {
namespace {

TEST(ResourceJson, a_cameras_token_is_told_only_with_the_one_that_was_made) {
  const CameraWithToken camera{
      .camera = {.id = CameraId::random(), .number = 7, .name = "Gate"}, .token = "s3cret"};
  const std::string id = camera.camera.id.str();
  EXPECT_EQ(boost::json::serialize(to_json(camera.camera)),
            R"({"id":")" + id + R"(","number":7,"name":"Gate"})");
  EXPECT_EQ(boost::json::serialize(to_json(camera)),
            R"({"id":")" + id + R"(","number":7,"name":"Gate","token":"s3cret"})");
}

TEST(ResourceJson, a_person_has_a_count_for_each_status_of_a_photo) {
  const PersonSummary ada{
      .person = {.id = PersonId::random(), .name = "Ada", .external_id = "S-1", .group = "3b"},
      .photos = {.accepted = 2, .pending = 1, .refused = 0}};
  EXPECT_EQ(boost::json::serialize(to_json(ada)),
            R"({"id":")" + ada.person.id.str() +
                R"(","name":"Ada","external_id":"S-1","group":"3b",)"
                R"("photos":{"accepted":2,"pending":1,"refused":0}})");
}

TEST(ResourceJson, a_user_is_told_without_anything_of_the_password) {
  const domain::User user{
      .id = UserId::random(), .username = "vera", .role = domain::Role::operator_};
  EXPECT_EQ(boost::json::serialize(to_json(user)),
            R"({"id":")" + user.id.str() + R"(","username":"vera","role":"operator"})");
}

}  // namespace
}  // namespace surveillx::store
