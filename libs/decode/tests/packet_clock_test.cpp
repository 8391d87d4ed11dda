#include "surveillx/decode/packet_clock.hpp"

#include <gtest/gtest.h>

namespace surveillx::decode {
namespace {

using namespace std::chrono_literals;
const SteadyTime kStart = SteadyTime{} + 1h;

TEST(PacketClock, a_frame_is_dated_by_its_last_packet) {
  PacketClock clock;
  clock.packet_arrived(3000, kStart);
  clock.packet_arrived(3000, kStart + 2ms);
  clock.packet_arrived(6000, kStart + 33ms);
  clock.packet_released(10, 3000);
  clock.packet_released(20, 6000);
  EXPECT_EQ(clock.frame_arrival(10), kStart + 2ms);
  EXPECT_EQ(clock.frame_arrival(20), kStart + 33ms);
}

TEST(PacketClock, a_retransmitted_packet_moves_its_frame_only) {
  PacketClock clock;
  clock.packet_arrived(3000, kStart);
  clock.packet_arrived(6000, kStart + 33ms);
  clock.packet_arrived(3000, kStart + 50ms);
  clock.packet_released(10, 3000);
  clock.packet_released(20, 6000);
  EXPECT_EQ(clock.frame_arrival(10), kStart + 50ms);
  EXPECT_EQ(clock.frame_arrival(20), kStart + 33ms);
}

TEST(PacketClock, packets_of_a_frame_may_have_different_pts) {
  PacketClock clock;
  clock.packet_arrived(3000, kStart);
  clock.packet_released(10, 3000);
  clock.packet_released(11, 3000);
  EXPECT_EQ(clock.frame_arrival(10), kStart);
  EXPECT_EQ(clock.frame_arrival(11), kStart);
}

TEST(PacketClock, unknown_and_forgotten_frames_have_no_date) {
  PacketClock clock;
  EXPECT_EQ(clock.frame_arrival(1), std::nullopt);
  clock.packet_arrived(7, kStart);
  clock.packet_released(1, 7);
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    clock.packet_arrived(1'000 + i, kStart + 1s);
    clock.packet_released(1'000 + i, 1'000 + i);
  }
  EXPECT_EQ(clock.frame_arrival(1), std::nullopt);
  EXPECT_EQ(clock.frame_arrival(1'999), kStart + 1s);
}

TEST(PacketClock, a_frame_that_waited_for_very_long_is_older_than_all_that_are_known) {
  PacketClock clock;
  clock.packet_arrived(7, kStart);
  for (std::uint32_t i = 0; i < 1'000; ++i) clock.packet_arrived(1'000 + i, kStart + 1s + i * 1ms);
  clock.packet_released(1, 7);
  const auto arrival = clock.frame_arrival(1);
  ASSERT_TRUE(arrival);
  EXPECT_GT(*arrival, kStart);
  EXPECT_LT(*arrival, kStart + 1s + 1'000ms);
}

}  // namespace
}  // namespace surveillx::decode
