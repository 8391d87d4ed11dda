#include "surveillx/base/ordered_calls.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace surveillx {
namespace {

TEST(OrderedCalls, what_a_call_posts_comes_after_it) {
  OrderedCalls calls;
  std::vector<int> seen;
  calls.post([&] {
    calls.post([&] { seen.push_back(2); });
    seen.push_back(1);
  });
  EXPECT_EQ(seen, (std::vector{1, 2}));
}

TEST(OrderedCalls, what_is_held_back_follows_what_releases_it) {
  OrderedCalls calls;
  std::vector<int> seen;
  calls.hold();
  calls.post([&] { seen.push_back(2); });
  calls.post([&] { seen.push_back(3); });
  EXPECT_TRUE(seen.empty());
  calls.release([&] { seen.push_back(1); });
  EXPECT_EQ(seen, (std::vector{1, 2, 3}));
}

TEST(OrderedCalls, calls_of_several_threads_run_one_at_a_time) {
  OrderedCalls calls;
  int running = 0;
  bool overlapped = false;
  int done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        calls.post([&] {
          overlapped = overlapped || ++running != 1;
          ++done;
          --running;
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  calls.flush();
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(done, 2'000);
}

}  // namespace
}  // namespace surveillx
