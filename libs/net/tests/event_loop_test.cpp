#include "surveillx/net/event_loop.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;

TEST(EventLoop, posted_functions_run_in_order_on_the_loop_thread) {
  EventLoop loop;
  loop.start("test");
  std::vector<int> order;
  bool in_loop = false;
  loop.post([&] {
    in_loop = loop.in_loop();
    order.push_back(1);
  });
  loop.post([&] { order.push_back(2); });
  loop.run_sync([&] { order.push_back(3); });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(in_loop);
  EXPECT_FALSE(loop.in_loop());
}

TEST(EventLoop, a_handler_that_throws_does_not_end_the_loop) {
  EventLoop loop;
  loop.start("test");
  loop.post([] { throw std::runtime_error("expected by a test"); });
  bool ran = false;
  loop.run_sync([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(EventLoop, run_sync_works_before_start_and_after_stop) {
  EventLoop loop;
  int calls = 0;
  loop.run_sync([&] { ++calls; });
  loop.start("test");
  loop.run_sync([&] { ++calls; });
  loop.stop();
  loop.run_sync([&] { ++calls; });
  EXPECT_EQ(calls, 3);
}

TEST(EventLoop, run_sync_hands_back_an_exception) {
  EventLoop loop;
  loop.start("test");
  EXPECT_THROW(loop.run_sync([] { throw std::out_of_range("expected by a test"); }),
               std::out_of_range);
}

TEST(EventLoop, what_was_posted_and_never_ran_is_destroyed_with_the_loop) {
  const auto held = std::make_shared<int>(1);
  {
    EventLoop loop;
    loop.post([held] {});
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

class TimerTest : public ::testing::Test {
 protected:
  TimerTest() { loop_.start("test"); }
  EventLoop loop_;
};

TEST_F(TimerTest, fires_once) {
  std::promise<void> fired;
  std::unique_ptr<Timer> timer;
  loop_.run_sync([&] {
    timer = std::make_unique<Timer>(loop_);
    timer->start(1ms, [&] { fired.set_value(); });  // A second call would throw.
  });
  EXPECT_EQ(fired.get_future().wait_for(20s), std::future_status::ready);
  loop_.run_sync([&] { timer.reset(); });
}

TEST_F(TimerTest, cancel_prevents_a_callback_that_is_already_due) {
  std::atomic<int> calls{0};
  loop_.run_sync([&] {
    Timer cancelled(loop_);
    Timer replaced(loop_);
    Timer destroyed(loop_);
    auto gone = std::make_unique<Timer>(loop_);
    cancelled.start(0ms, [&] { calls += 1; });
    replaced.start(0ms, [&] { calls += 10; });
    gone->start(0ms, [&] { calls += 100; });
    const auto until = std::chrono::steady_clock::now() + 5ms;
    while (std::chrono::steady_clock::now() < until) {
    }
    cancelled.cancel();
    replaced.start(24h, [&] { calls += 1000; });
    gone.reset();
  });
  std::promise<void> later;
  std::unique_ptr<Timer> marker;
  loop_.run_sync([&] {
    marker = std::make_unique<Timer>(loop_);
    marker->start(10ms, [&] { later.set_value(); });
  });
  later.get_future().wait();
  EXPECT_EQ(calls, 0);
  loop_.run_sync([&] { marker.reset(); });
}

TEST_F(TimerTest, repeats_until_cancelled_in_its_own_callback) {
  std::promise<void> third;
  int calls = 0;
  std::unique_ptr<Timer> timer;
  loop_.run_sync([&] {
    timer = std::make_unique<Timer>(loop_);
    timer->start_repeating(1ms, [&] {
      if (++calls == 3) {
        timer->cancel();
        third.set_value();
      }
    });
  });
  ASSERT_EQ(third.get_future().wait_for(20s), std::future_status::ready);
  loop_.run_sync([&] { timer.reset(); });
  EXPECT_EQ(calls, 3);
}

TEST_F(TimerTest, may_be_destroyed_in_its_own_callback) {
  std::promise<std::string> fired;
  std::unique_ptr<Timer> timer;
  loop_.run_sync([&] {
    timer = std::make_unique<Timer>(loop_);
    // The captured text lives in the callback: it must survive the timer.
    timer->start_repeating(1ms, [&, text = std::string("a text too long for small strings")] {
      timer.reset();
      fired.set_value(text);
    });
  });
  EXPECT_EQ(fired.get_future().get(), "a text too long for small strings");
}

TEST_F(TimerTest, may_be_armed_again_in_its_own_callback) {
  std::promise<void> second;
  std::unique_ptr<Timer> timer;
  loop_.run_sync([&] {
    timer = std::make_unique<Timer>(loop_);
    timer->start(1ms, [&] { timer->start(1ms, [&] { second.set_value(); }); });
  });
  EXPECT_EQ(second.get_future().wait_for(20s), std::future_status::ready);
  loop_.run_sync([&] { timer.reset(); });
}

}  // namespace
}  // namespace surveillx::net
