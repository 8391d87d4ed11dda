#include "frame_pacer.hpp"

#include <gtest/gtest.h>

namespace surveillx::mediaserver {
namespace {

/// How many of `length` seconds of frames at `source_fps` are taken for `wanted_fps`; every other
/// frame comes `jitter` late.
int taken(double source_fps, double wanted_fps, int length,
          std::chrono::microseconds jitter = {}) {
  FramePacer pacer;
  int count = 0;
  const int frames = static_cast<int>(source_fps * length);
  for (int i = 0; i < frames; ++i) {
    const auto at = std::chrono::microseconds(static_cast<long>(i * 1e6 / source_fps)) +
                    (i % 2 == 1 ? jitter : std::chrono::microseconds(0));
    count += pacer.take(SteadyTime(std::chrono::hours(1)) + at, wanted_fps) ? 1 : 0;
  }
  return count;
}

TEST(FramePacer, keeps_the_wanted_rate) {
  EXPECT_NEAR(taken(30, 15, 10), 150, 2);
  EXPECT_NEAR(taken(30, 10, 10), 100, 2);
  EXPECT_NEAR(taken(25, 10, 10), 100, 8);
  EXPECT_EQ(taken(30, 0, 1), 0);
}

TEST(FramePacer, takes_every_frame_of_a_camera_that_is_no_faster_than_wanted_despite_jitter) {
  EXPECT_EQ(taken(30, 30, 10, std::chrono::milliseconds(3)), 300);
  EXPECT_EQ(taken(10, 30, 10, std::chrono::milliseconds(3)), 100);
}

TEST(FramePacer, does_not_catch_up_after_a_pause) {
  FramePacer pacer;
  SteadyTime now{std::chrono::hours(1)};
  EXPECT_TRUE(pacer.take(now, 10));
  now += std::chrono::seconds(5);
  EXPECT_TRUE(pacer.take(now, 10));
  EXPECT_FALSE(pacer.take(now + std::chrono::milliseconds(10), 10));
}

}  // namespace
}  // namespace surveillx::mediaserver
