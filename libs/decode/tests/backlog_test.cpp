#include "surveillx/decode/backlog.hpp"

#include <gtest/gtest.h>

namespace surveillx::decode {
namespace {

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
}  // namespace surveillx::decode
