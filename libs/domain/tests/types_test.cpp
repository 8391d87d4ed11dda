#include "surveillx/domain/types.hpp"

#include <gtest/gtest.h>

namespace surveillx::domain {
namespace {

TEST(Names, on_the_wire_read_back_as_what_they_were) {
  for (const auto role : {Role::viewer, Role::operator_, Role::admin}) {
    EXPECT_EQ(parse_role(to_string(role)), role);
  }
  for (const auto state :
       {CameraState::connecting, CameraState::live, CameraState::stale, CameraState::offline}) {
    EXPECT_EQ(parse_camera_state(to_string(state)), state);
  }
  for (const auto status : {FaceStatus::pending, FaceStatus::known, FaceStatus::unknown}) {
    EXPECT_EQ(parse_face_status(to_string(status)), status);
  }
  for (const auto kind : {SightingKind::first, SightingKind::periodic, SightingKind::last}) {
    EXPECT_EQ(parse_sighting_kind(to_string(kind)), kind);
  }
  for (const auto status : {PhotoStatus::pending, PhotoStatus::accepted, PhotoStatus::refused}) {
    EXPECT_EQ(parse_photo_status(to_string(status)), status);
  }
}

TEST(Names, that_nobody_has_are_nothing) {
  EXPECT_EQ(parse_role("Admin"), std::nullopt);
  EXPECT_EQ(parse_camera_state(""), std::nullopt);
  EXPECT_EQ(to_string(Role::operator_), "operator");
}

}  // namespace
}  // namespace surveillx::domain
