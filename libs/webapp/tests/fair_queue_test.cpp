#include "fair_queue.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <vector>

namespace surveillx::webapp {
namespace {

using test_support::eventually;

class Fair : public testing::Test {
 protected:
  Fair() { loop_.start("fair-test"); }
  ~Fair() override {
    open();
    queue_.stop();
    loop_.stop();
  }
  bool push(const std::string& key, const std::string& name) {
    bool taken = false;
    loop_.run_sync([&] {
      taken = queue_.push(key, [this, name] {
        gate_.wait();
        const std::lock_guard lock(mutex_);
        ran_.push_back(name);
      });
    });
    return taken;
  }
  void open() {
    if (!std::exchange(opened_, true)) open_.set_value();
  }
  std::vector<std::string> ran() {
    const std::lock_guard lock(mutex_);
    return ran_;
  }

  net::EventLoop loop_;
  std::promise<void> open_;
  std::shared_future<void> gate_ = open_.get_future().share();
  bool opened_ = false;
  std::mutex mutex_;
  std::vector<std::string> ran_;
  FairQueue queue_{loop_, "fair", {1, 5, 8}};
};

TEST_F(Fair, however_much_one_asks_for_another_comes_next) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(push("a", "a" + std::to_string(i)));
  EXPECT_TRUE(push("b", "b0"));
  EXPECT_TRUE(push("b", "b1"));
  open();
  EXPECT_TRUE(eventually([&] { return ran().size() == 7; }));
  EXPECT_EQ(ran(), (std::vector<std::string>{"a0", "a1", "b0", "a2", "b1", "a3", "a4"}));
}

TEST_F(Fair, what_waits_is_bounded_by_key_and_in_sum) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(push("a", "a")) << i;  // One of them runs.
  EXPECT_FALSE(push("a", "a"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(push("b", "b"));
  EXPECT_FALSE(push("c", "c"));
  open();
  EXPECT_TRUE(eventually([&] { return ran().size() == 9; }));
  EXPECT_TRUE(push("a", "a"));
}

}  // namespace
}  // namespace surveillx::webapp
