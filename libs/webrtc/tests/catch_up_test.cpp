#include "catch_up.hpp"

#include <gtest/gtest.h>

namespace surveillx::webrtc {
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

TEST(Backlog, has_a_limit_and_room_again_when_packets_have_left) {
  Backlog backlog;
  const std::size_t big = Backlog::kLimit / 4;
  for (std::uint16_t i = 0; i < 4; ++i) EXPECT_TRUE(backlog.admit(i, big));
  EXPECT_FALSE(backlog.admit(4, 1));
  backlog.release(0, big);
  EXPECT_TRUE(backlog.admit(4, 1));
  EXPECT_EQ(backlog.bytes(), 3 * big + 1);
}

TEST(Backlog, packets_that_the_jitter_buffer_throws_away_are_forgotten_when_it_is_empty) {
  Backlog backlog;
  EXPECT_TRUE(backlog.admit(65'535, 1'000));
  EXPECT_TRUE(backlog.admit(65'535, 1'000));  // Sent twice; one of them never leaves.
  EXPECT_TRUE(backlog.admit(0, 1'000));
  EXPECT_TRUE(backlog.admit(65'534, 1'000));  // Too late.
  backlog.release(65'535, 1'000);
  EXPECT_EQ(backlog.bytes(), 3'000U);
  backlog.release(0, 1'000);
  EXPECT_EQ(backlog.bytes(), 0U);
}

}  // namespace
}  // namespace surveillx::webrtc
