#include "surveillx/demo/person.hpp"

#include "surveillx/frame/jpeg.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace surveillx::demo {
namespace {

constexpr frame::Size kSmall{144, 180};

/// Mean difference of brightness over the face, 0..255.
double difference(const frame::Picture& a, const frame::Picture& b) {
  double sum = 0;
  int count = 0;
  for (int y = a.size().height / 4; y < a.size().height * 3 / 4; ++y) {
    for (int x = a.size().width / 4; x < a.size().width * 3 / 4; ++x, ++count) {
      sum +=
          std::abs(int{a.y().data[y * a.y().stride + x]} - int{b.y().data[y * b.y().stride + x]});
    }
  }
  return sum / count;
}

TEST(DemoPeople, are_at_least_eight_with_names_of_their_own) {
  std::set<std::string> names;
  for (const Person& person : people()) names.insert(person.name);
  EXPECT_GE(names.size(), 8U);
  EXPECT_EQ(names.size(), people().size());
  EXPECT_EQ(names.count(""), 0U);
}

TEST(DemoPeople, are_drawn_the_same_every_time) {
  for (const Person& person : {people()[0], stranger(7)}) {
    EXPECT_EQ(difference(*draw_face(person, {}, {}, kSmall), *draw_face(person, {}, {}, kSmall)),
              0);
  }
}

TEST(DemoPeople, all_look_different) {
  std::vector<frame::PicturePtr> faces;
  for (const Person& person : people()) faces.push_back(draw_face(person, {}, {}, kSmall));
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    faces.push_back(draw_face(stranger(seed), {}, {}, kSmall));
  }
  for (std::size_t i = 0; i < faces.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_GT(difference(*faces[i], *faces[j]), 4) << i << " and " << j;
    }
  }
}

TEST(DemoPeople, pose_smile_and_light_change_the_picture) {
  const Person& person = people()[1];
  const frame::PicturePtr straight = draw_face(person, {}, {}, kSmall);
  EXPECT_GT(difference(*straight, *draw_face(person, {.yaw = 0.3F}, {}, kSmall)), 1);
  EXPECT_GT(difference(*straight, *draw_face(person, {.pitch = 0.2F}, {}, kSmall)), 0.5);
  EXPECT_GT(difference(*straight, *draw_face(person, {.tilt = 0.2F}, {}, kSmall)), 1);
  EXPECT_GT(difference(*straight, *draw_face(person, {.smile = 1}, {}, kSmall)), 0.2);
  EXPECT_GT(difference(*straight, *draw_face(person, {}, {.direction = 0.8F}, kSmall)), 1);
  EXPECT_GT(difference(*straight, *draw_face(person, {}, {.brightness = 0.6F}, kSmall)), 5);
}

TEST(DemoPeople, portrait_is_a_jpeg_of_the_size_asked_for) {
  const auto jpeg = draw_face_jpeg(people()[3], {}, {}, {200, 250});
  ASSERT_TRUE(jpeg);
  const auto decoded = frame::decode_jpeg(*jpeg);
  ASSERT_TRUE(decoded);
  EXPECT_EQ((*decoded)->size(), (frame::Size{200, 250}));
}

TEST(DemoPeople, strangers_of_many_seeds_can_be_made) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    EXPECT_EQ(stranger(seed).name, "Stranger " + std::to_string(seed));
  }
}

}  // namespace
}  // namespace surveillx::demo
