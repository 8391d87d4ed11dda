#include "frame_encoder.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <future>
#include <mutex>

namespace surveillx::mediaserver {
namespace {

class FrameEncoderTest : public testing::Test {
 protected:
  void push(std::uint64_t seq) {
    frame::Frame frame;
    frame.picture = frame::WritablePicture::allocate({640, 480});
    frame.seq = seq;
    frame.received_at = SteadyTime(std::chrono::hours(1)) + std::chrono::milliseconds(100 * seq);
    last_ = frame.picture;
    encoder_->push(frame);
  }
  [[nodiscard]] std::vector<std::pair<std::int64_t, int>> out() {
    EXPECT_TRUE(pool_.wait_idle(std::chrono::seconds(20)));
    const std::lock_guard lock(mutex_);
    return out_;
  }
  /// Keeps the pool's only thread busy until the promise is kept.
  [[nodiscard]] std::promise<void> busy() {
    std::promise<void> go;
    EXPECT_TRUE(pool_.try_post([held = go.get_future().share()] { held.wait(); }));
    return go;
  }

  telemetry::Metrics metrics_;
  std::mutex mutex_;
  std::vector<std::pair<std::int64_t, int>> out_;
  std::weak_ptr<const frame::Picture> last_;
  WorkerPool pool_{"encode", 1, 4};
  std::shared_ptr<FrameEncoder> encoder_ = std::make_shared<FrameEncoder>(
      domain::Camera{}, 80, pool_, metrics_, [this](const live::Frame& frame) {
        const std::lock_guard lock(mutex_);
        out_.emplace_back(frame.seq, frame.width);
      });
};

using Out = std::vector<std::pair<std::int64_t, int>>;

}  // namespace

TEST_F(FrameEncoderTest, nothing_is_kept_or_encoded_while_nobody_watches) {
  push(1);
  EXPECT_TRUE(last_.expired());
  EXPECT_EQ(out(), Out{});
}

TEST_F(FrameEncoderTest, each_wanted_width_is_made_once_and_none_larger_than_the_picture) {
  encoder_->set_demand({10, {320, 640}});
  push(1);
  EXPECT_EQ(out(), (Out{{1, 320}, {1, 640}}));
  out_.clear();
  encoder_->set_demand({10, {640, 1280}});
  push(2);
  EXPECT_EQ(out(), (Out{{2, 640}}));
}

TEST_F(FrameEncoderTest, while_the_pool_is_busy_the_newest_frame_waits_and_no_other) {
  encoder_->set_demand({10, {320}});
  auto go = busy();
  for (std::uint64_t seq = 1; seq <= 8; ++seq) push(seq);
  go.set_value();
  EXPECT_EQ(out(), (Out{{8, 320}}));
  EXPECT_TRUE(last_.expired()) << "an encoded frame's buffer goes back to the decoder";
}

TEST_F(FrameEncoderTest, a_closed_one_lets_go_of_its_frame_and_says_nothing_more) {
  encoder_->set_demand({10, {320}});
  auto go = busy();
  push(1);
  encoder_->close();
  EXPECT_TRUE(last_.expired());
  push(2);
  EXPECT_TRUE(last_.expired());
  go.set_value();
  EXPECT_EQ(out(), Out{});
}

TEST_F(FrameEncoderTest, a_full_pool_costs_a_frame_and_not_the_camera) {
  encoder_->set_demand({10, {320}});
  auto go = busy();
  while (pool_.try_post([] {})) {
  }
  push(1);
  go.set_value();
  (void)out();
  push(2);
  EXPECT_EQ(out().back(), (std::pair<std::int64_t, int>{2, 320}));
}

}  // namespace surveillx::mediaserver
