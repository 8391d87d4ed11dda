#include "surveillx/decode/catch_up.hpp"

#include <gtest/gtest.h>

namespace surveillx::decode {
namespace {

using namespace std::chrono_literals;
using Verdict = CatchUp::Verdict;

const SteadyTime kNow = SteadyTime{} + 1h;

TEST(CatchUp, frames_up_to_the_limit_are_all_decoded) {
  CatchUp catch_up(1s);
  for (const auto age : {0ms, 50ms, 300ms, 1'000ms}) {
    EXPECT_EQ(catch_up.frame(kNow, kNow - age, false), Verdict::decode);
  }
  EXPECT_EQ(catch_up.skipped(), 0U);
}

TEST(CatchUp, an_older_frame_makes_it_jump_to_the_next_keyframe_that_is_recent) {
  CatchUp catch_up(1s);
  EXPECT_EQ(catch_up.frame(kNow, kNow - 1'500ms, false), Verdict::skip);
  // A keyframe that is itself too old would only start the next jump.
  EXPECT_EQ(catch_up.frame(kNow, kNow - 1'200ms, true), Verdict::skip);
  // Recent, but it builds on what was skipped.
  EXPECT_EQ(catch_up.frame(kNow, kNow - 300ms, false), Verdict::skip);
  EXPECT_EQ(catch_up.frame(kNow, kNow - 200ms, true), Verdict::jumped);
  EXPECT_EQ(catch_up.frame(kNow, kNow - 100ms, false), Verdict::decode);
  EXPECT_EQ(catch_up.skipped(), 3U);
}

TEST(CatchUp, frames_that_cannot_be_whole_are_skipped_however_recent) {
  CatchUp catch_up(1s);
  catch_up.broken(kNow);
  EXPECT_EQ(catch_up.frame(kNow + 10ms, kNow - 20ms, true), Verdict::skip);
  EXPECT_EQ(catch_up.frame(kNow + 10ms, kNow + 1ms, false), Verdict::skip);
  EXPECT_EQ(catch_up.frame(kNow + 10ms, kNow + 2ms, true), Verdict::jumped);
}

TEST(CatchUp, what_nobody_wanted_goes_on_at_a_recent_keyframe_and_is_not_called_skipped) {
  CatchUp catch_up(1s);
  EXPECT_EQ(catch_up.frame(kNow, kNow, true), Verdict::decode);
  catch_up.want(false);
  EXPECT_EQ(catch_up.frame(kNow, kNow, false), Verdict::unwanted);
  EXPECT_EQ(catch_up.frame(kNow, kNow, true), Verdict::unwanted);
  catch_up.want(true);
  EXPECT_EQ(catch_up.frame(kNow, kNow, false), Verdict::await);
  EXPECT_EQ(catch_up.frame(kNow, kNow - 1'500ms, true), Verdict::await);
  EXPECT_EQ(catch_up.frame(kNow, kNow, true), Verdict::decode);
  EXPECT_EQ(catch_up.frame(kNow, kNow, false), Verdict::decode);
  EXPECT_EQ(catch_up.skipped(), 0U);
}

TEST(CatchUp, wanted_again_between_two_frames_nothing_is_missing) {
  CatchUp catch_up(1s);
  EXPECT_EQ(catch_up.frame(kNow, kNow, true), Verdict::decode);
  catch_up.want(false);
  catch_up.want(true);
  EXPECT_EQ(catch_up.frame(kNow, kNow, false), Verdict::decode);
}

}  // namespace
}  // namespace surveillx::decode
