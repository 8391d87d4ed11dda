#include "surveillx/base/gate.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace surveillx {
namespace {

using namespace std::chrono_literals;

TEST(Gate, close_gives_up_on_a_stuck_call_and_says_so) {
  Gate gate;
  std::promise<void> entered;
  std::promise<void> leave;
  std::thread stuck([&] {
    const auto pass = gate.enter();
    entered.set_value();
    leave.get_future().wait();
  });
  entered.get_future().wait();
  EXPECT_FALSE(gate.close(10ms));
  EXPECT_FALSE(gate.enter());
  leave.set_value();
  stuck.join();
  EXPECT_TRUE(gate.close(10ms));
}

TEST(Gate, a_call_may_close_the_gate_that_it_came_through) {
  Gate gate;
  const auto pass = gate.enter();
  EXPECT_TRUE(gate.close(10s));
  EXPECT_TRUE(gate.closed());
}

}  // namespace
}  // namespace surveillx
