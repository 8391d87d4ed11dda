#include "surveillx/base/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace surveillx {
namespace {

using std::chrono::seconds;

/// Keeps a pool's threads busy until it is opened.
class Block {
 public:
  std::function<void()> job() {
    return [this, open = open_.get_future().share()] {
      ++running_;
      open.wait();
    };
  }
  void open() { open_.set_value(); }
  void wait_for(int jobs) const {
    while (running_ < jobs) std::this_thread::yield();
  }

 private:
  std::promise<void> open_;
  std::atomic<int> running_{0};
};

TEST(WorkerPool, refuses_what_its_queue_cannot_take) {
  Block block;
  WorkerPool pool("test", 1, 2);
  ASSERT_TRUE(pool.try_post(block.job()));
  block.wait_for(1);
  std::atomic<int> ran{0};
  EXPECT_TRUE(pool.try_post([&] { ++ran; }));
  EXPECT_TRUE(pool.try_post([&] { ++ran; }));
  EXPECT_FALSE(pool.try_post([&] { ++ran; }));
  EXPECT_FALSE(pool.wait_idle(std::chrono::milliseconds(1)));
  block.open();
  EXPECT_TRUE(pool.wait_idle(seconds(20)));
  EXPECT_EQ(ran, 2);
}

TEST(WorkerPool, takes_a_cleanup_however_full_it_is_and_none_once_it_stops) {
  Block block;
  WorkerPool pool("test", 1, 1);
  ASSERT_TRUE(pool.try_post(block.job()));
  block.wait_for(1);
  EXPECT_TRUE(pool.try_post([] {}));
  EXPECT_FALSE(pool.try_post([] {}));
  std::atomic<int> ran{0};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(pool.post_cleanup([&] { ++ran; }));
  block.open();
  EXPECT_TRUE(pool.wait_idle(seconds(20)));
  EXPECT_EQ(ran, 10);
  pool.stop();
  EXPECT_FALSE(pool.post_cleanup([] {}));
}

TEST(WorkerPool, a_job_that_throws_costs_only_itself) {
  WorkerPool pool("test", 1, 10);
  std::atomic<bool> ran{false};
  ASSERT_TRUE(pool.try_post([] { throw std::runtime_error("expected by the test"); }));
  ASSERT_TRUE(pool.try_post([&] { ran = true; }));
  EXPECT_TRUE(pool.wait_idle(seconds(20)));
  EXPECT_TRUE(ran);
}

TEST(WorkerPool, stopping_drops_what_waits_and_finishes_what_runs) {
  Block block;
  std::atomic<bool> ran{false};
  // So large that only stopping makes it refuse.
  WorkerPool pool("test", 1, 100'000'000);
  ASSERT_TRUE(pool.try_post(block.job()));
  block.wait_for(1);
  ASSERT_TRUE(pool.try_post([&] { ran = true; }));
  std::thread stopper([&] { pool.stop(); });
  while (pool.try_post([] {})) std::this_thread::yield();
  block.open();
  stopper.join();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace surveillx
