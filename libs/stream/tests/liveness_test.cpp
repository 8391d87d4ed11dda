#include "surveillx/stream/liveness.hpp"

#include <gtest/gtest.h>

namespace surveillx::stream {
namespace {

using namespace std::chrono_literals;
using domain::CameraState;

const SteadyTime kStart{std::chrono::hours(1)};

TEST(Liveness, a_camera_without_a_frame_is_connecting_until_it_is_given_up) {
  Liveness liveness({});
  liveness.begin(kStart);
  EXPECT_EQ(liveness.look(kStart + 6s).state, CameraState::connecting);
  EXPECT_FALSE(liveness.look(kStart + 9'999ms).over);
  EXPECT_TRUE(liveness.look(kStart + 10s).over);
}

TEST(Liveness, states_follow_the_time_since_the_last_frame) {
  struct Row {
    std::chrono::milliseconds since;
    CameraState state;
    bool over;
    std::chrono::milliseconds next;
  };
  for (const auto& [since, state, over, next] :
       {Row{0ms, CameraState::live, false, 2s}, Row{1'999ms, CameraState::live, false, 2s},
        Row{2s, CameraState::stale, false, 5s}, Row{4'999ms, CameraState::stale, false, 5s},
        Row{5s, CameraState::offline, false, 10s}, Row{9'999ms, CameraState::offline, false, 10s}}) {
    Liveness liveness({});
    liveness.begin(kStart - 1h);
    liveness.frame(kStart);
    const auto verdict = liveness.look(kStart + since);
    EXPECT_EQ(verdict.state, state) << since.count();
    EXPECT_EQ(verdict.over, over) << since.count();
    EXPECT_EQ(verdict.next - kStart, next) << since.count();
    EXPECT_EQ(verdict.quiet, since);
  }
}

TEST(Liveness, the_rate_is_that_of_the_last_two_seconds) {
  Liveness liveness({});
  liveness.begin(kStart);
  EXPECT_EQ(liveness.fps(kStart), 0);
  for (int i = 0; i <= 90; ++i) liveness.frame(kStart + i * 40ms);
  const auto last = kStart + 90 * 40ms;
  EXPECT_NEAR(liveness.fps(last), 25, 0.1);
  EXPECT_EQ(liveness.fps(last + 3s), 0);
}

}  // namespace
}  // namespace surveillx::stream
