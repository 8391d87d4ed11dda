#include "frame_sink.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace surveillx::mediaserver {
namespace {

struct Feed final : RecognitionService::CameraFeed {
  void push(const frame::Frame& frame) override { seen.push_back(frame.seq); }
  void close() override {}
  std::vector<std::uint64_t> seen;
};

frame::Frame numbered(std::uint64_t seq) {
  frame::Frame frame;
  frame.picture = frame::WritablePicture::allocate({64, 48});
  frame.seq = seq;
  return frame;
}

using Seen = std::vector<std::uint64_t>;

class FrameSinkTest : public testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<FrameEncoder> encoder() {
    return std::make_shared<FrameEncoder>(domain::Camera{}, 80, pool_, metrics_,
                                          [](const live::Frame&) {});
  }
  telemetry::Metrics metrics_;
  WorkerPool pool_{"encode", 1, 4};
  std::shared_ptr<Feed> feed_ = std::make_shared<Feed>();
  FrameSink sink_;
};

}  // namespace

TEST_F(FrameSinkTest, only_the_newest_frame_is_kept_until_the_session_is_shown) {
  const auto first = numbered(1);
  const std::weak_ptr<const frame::Picture> old = first.picture;
  sink_.push(first);
  sink_.push(numbered(2));
  EXPECT_EQ(old.use_count(), 1) << "only the test still holds it";
  EXPECT_EQ(feed_->seen, Seen{});
  sink_.show(encoder(), feed_);
  sink_.push(numbered(3));
  EXPECT_EQ(feed_->seen, (Seen{2, 3}));
}

TEST_F(FrameSinkTest, nothing_passes_after_close_and_nothing_is_kept) {
  sink_.show(encoder(), feed_);
  sink_.push(numbered(1));
  sink_.close();
  sink_.push(numbered(2));
  sink_.show(encoder(), feed_);
  sink_.push(numbered(3));
  EXPECT_EQ(feed_->seen, Seen{1});
  EXPECT_EQ(feed_.use_count(), 1);
}

TEST_F(FrameSinkTest, recognition_may_be_switched_off) {
  sink_.show(encoder(), nullptr);
  sink_.push(numbered(1));
}

}  // namespace surveillx::mediaserver
