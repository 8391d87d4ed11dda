#include "surveillx/domain/viewer_scope.hpp"

#include <gtest/gtest.h>

namespace surveillx::domain {
namespace {

TEST(ViewerScope, without_limits_everything_is_seen) {
  for (const auto role : {Role::viewer, Role::operator_, Role::admin}) {
    ViewerScope scope;
    scope.role = role;
    EXPECT_TRUE(scope.sees_camera("yard"));
    EXPECT_TRUE(scope.sees_camera(""));
    EXPECT_TRUE(scope.sees_person("7b"));
    EXPECT_TRUE(scope.sees_person(std::nullopt));
  }
}

TEST(ViewerScope, a_viewer_or_operator_sees_the_groups_it_is_limited_to) {
  for (const auto role : {Role::viewer, Role::operator_}) {
    ViewerScope scope;
    scope.role = role;
    scope.camera_groups = {"yard"};
    scope.people_groups = {"7a", "7b"};
    EXPECT_TRUE(scope.sees_camera("yard"));
    EXPECT_FALSE(scope.sees_camera("hall"));
    EXPECT_TRUE(scope.sees_person("7b"));
    EXPECT_FALSE(scope.sees_person("8a"));
  }
}

TEST(ViewerScope, one_limit_says_nothing_about_the_other) {
  ViewerScope scope;
  scope.camera_groups = {"yard"};
  EXPECT_FALSE(scope.sees_all_cameras());
  EXPECT_TRUE(scope.sees_all_people());
  EXPECT_TRUE(scope.sees_person("8a"));
}

TEST(ViewerScope, who_is_in_no_group_or_not_known_is_seen_by_those_who_see_all) {
  ViewerScope scope;
  scope.camera_groups = {"yard", ""};
  scope.people_groups = {"7a", ""};
  EXPECT_FALSE(scope.sees_camera(""));
  EXPECT_FALSE(scope.sees_person(""));
  EXPECT_FALSE(scope.sees_person(std::nullopt));
}

TEST(ViewerScope, limited_to_no_group_sees_nothing) {
  ViewerScope scope;
  scope.camera_groups.emplace();
  scope.people_groups.emplace();
  EXPECT_FALSE(scope.sees_camera("yard"));
  EXPECT_FALSE(scope.sees_person("7a"));
}

TEST(ViewerScope, an_administrator_is_never_limited) {
  ViewerScope scope;
  scope.role = Role::admin;
  scope.camera_groups.emplace();
  scope.people_groups.emplace();
  EXPECT_TRUE(scope.sees_camera("yard"));
  EXPECT_TRUE(scope.sees_person(std::nullopt));
}

}  // namespace
}  // namespace surveillx::domain
