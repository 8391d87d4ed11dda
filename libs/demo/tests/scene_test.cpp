#include "surveillx/demo/scene.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>

namespace surveillx::demo {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

Scene small_scene(std::uint32_t seed = 1) { return Scene({{320, 180}, seed, {}}); }

bool same(const frame::Picture& a, const frame::Picture& b) {
  for (int y = 0; y < a.size().height; ++y) {
    const auto* const row_a = a.y().data + static_cast<std::ptrdiff_t>(y) * a.y().stride;
    const auto* const row_b = b.y().data + static_cast<std::ptrdiff_t>(y) * b.y().stride;
    if (std::memcmp(row_a, row_b, static_cast<std::size_t>(a.size().width)) != 0) return false;
  }
  return true;
}

TEST(DemoScene, moment_looks_the_same_whatever_was_drawn_before) {
  Scene one = small_scene();
  Scene other = small_scene();
  (void)other.draw(50s);
  (void)other.draw(3s);
  EXPECT_TRUE(same(*one.draw(7s), *other.draw(7s)));
}

TEST(DemoScene, moves_from_picture_to_picture) {
  Scene scene = small_scene();
  EXPECT_FALSE(same(*scene.draw(7s), *scene.draw(7s + 500ms)));
}

TEST(DemoScene, somebody_is_there_from_the_start) {
  const std::vector<Scene::Appearance> first = small_scene().present(0ms);
  ASSERT_FALSE(first.empty());
  EXPECT_TRUE(first[0].settled);
}

TEST(DemoScene, everybody_of_the_cast_comes_and_goes_again_and_nobody_is_there_twice) {
  const Scene scene = small_scene();
  std::map<std::string, int> arrivals;
  std::set<std::string> before;
  std::size_t most = 0;
  for (milliseconds t = 0s; t < 300s; t += 200ms) {
    std::set<std::string> now;
    for (const Scene::Appearance& who : scene.present(t)) {
      EXPECT_TRUE(now.insert(who.name).second) << who.name << " twice";
      if (before.count(who.name) == 0) ++arrivals[who.name];
    }
    most = std::max(most, now.size());
    before = now;
  }
  EXPECT_EQ(arrivals.size(), people().size() + 1);
  for (const auto& [name, times] : arrivals) EXPECT_GE(times, 2) << name;
  EXPECT_EQ(most, 3U);
}

TEST(DemoScene, settled_heads_are_large_and_inside_the_picture) {
  const Scene scene({{1280, 720}, 1, {}});
  for (milliseconds t = 0s; t < 120s; t += 500ms) {
    for (const Scene::Appearance& who : scene.present(t)) {
      if (!who.settled) continue;
      EXPECT_GE(who.head.h * 720, 190) << who.name;
      EXPECT_GE(who.head.x, 0);
      EXPECT_GE(who.head.y, 0);
      EXPECT_LE(who.head.x + who.head.w, 1);
      EXPECT_LE(who.head.y + who.head.h, 1);
    }
  }
}

TEST(DemoScene, cast_may_be_one_person_and_sizes_odd_or_tiny) {
  const std::vector<Person> cast{stranger(5)};
  for (const frame::Size size :
       {frame::Size{161, 121}, frame::Size{10, 10}, frame::Size{640, 480}}) {
    Scene scene({size, 3, cast});
    const frame::PicturePtr picture = scene.draw(2s);
    EXPECT_EQ(picture->size(), scene.size());
    EXPECT_GE(picture->size().width, 160);
    ASSERT_EQ(scene.present(2s).size(), 1U);
    EXPECT_EQ(scene.present(2s)[0].name, "Stranger 5");
  }
}

TEST(DemoScene, seeds_give_different_strangers) {
  std::set<std::string> names;
  const Scene scene = small_scene(42);
  for (milliseconds t = 0s; t < 200s; t += 1s) {
    for (const Scene::Appearance& who : scene.present(t)) names.insert(who.name);
  }
  EXPECT_EQ(names.count("Stranger 42"), 1U);
}

}  // namespace
}  // namespace surveillx::demo
