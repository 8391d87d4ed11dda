#include "surveillx/base/clock.hpp"

#include <gtest/gtest.h>

namespace surveillx {
namespace {

TEST(Clock, times_are_written_as_rfc_3339_in_utc) {
  EXPECT_EQ(format_rfc3339_utc(from_millis(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339_utc(from_millis(1'795'430'400'007)), "2026-11-23T10:40:00.007Z");
  EXPECT_EQ(format_rfc3339_utc(from_millis(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(ManualClock, moves_both_times_together_and_only_when_told) {
  ManualClock clock(from_millis(1'000));
  const auto steady = clock.steady();
  clock.advance(std::chrono::milliseconds(250));
  EXPECT_EQ(to_millis(clock.now()), 1'250);
  EXPECT_EQ(clock.steady() - steady, std::chrono::milliseconds(250));
}

}  // namespace
}  // namespace surveillx
