#include "surveillx/decode/decode_chain.hpp"

#include "surveillx/test_support/numbered_clip.hpp"
#include "surveillx/test_support/support.hpp"

#include "pipeline_source.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace surveillx::decode {
namespace {

using namespace std::chrono_literals;
using domain::CameraState;
using stream::CameraStream;
using stream::EndReason;
using test::PipelineSource;

constexpr frame::Size kSize{320, 240};
constexpr int kKeyframeEvery = 10;

class DecodeChainTest : public testing::Test {
 protected:
  DecodeChainTest() {
    stream::StreamEvents events;
    events.on_state = [this](CameraState state) { note([&] { states_.push_back(state); }); };
    events.on_end = [this](EndReason reason, const std::string& detail) {
      note([&] { ends_.emplace_back(reason, detail); });
    };
    stream::StreamOptions options;
    options.decode_linger = 0ms;
    options.limits = {60s, 60s, 60s};
    stream_ = CameraStream::create(options, std::move(events));
  }
  ~DecodeChainTest() override {
    if (source_) source_->close();
    EXPECT_TRUE(gst::drain_reaper(20s));
    g_thread_pool_stop_unused_threads();
  }

  template <class F>
  void note(F change) {
    const std::lock_guard lock(mutex_);
    change();
  }
  [[nodiscard]] CameraStream::Tap watch() {
    return stream_->tap_decoded([this](const frame::Frame& frame) {
      note([&] { pictures_.push_back(frame.picture); });
    });
  }
  void play_clip() {
    source_ = PipelineSource::play(
        "appsrc name=in is-live=true format=time caps=\"video/x-vp8,width=320,height=240,"
        "framerate=30/1\" ! identity name=out",
        stream_);
  }
  void push(int from, int to) {
    for (int i = from; i < to; ++i) source_->push(clip_.frames[static_cast<std::size_t>(i)]);
    arrived_ += to - from;
  }
  [[nodiscard]] bool decoded(std::size_t count) {
    return test_support::eventually([&] { return stream_->numbers().frames_decoded >= count; });
  }
  /// The numbers in the pictures; -1 for one that is not what a decoder makes of that frame.
  [[nodiscard]] std::vector<int> numbers() {
    const std::lock_guard lock(mutex_);
    std::vector<int> numbers;
    for (const auto& picture : pictures_) {
      const auto number = test_support::number_in(*picture);
      const bool whole = number && *number < clip_.pictures.size() &&
                         test_support::hash(*picture) == clip_.pictures[*number];
      numbers.push_back(whole ? *number : -1);
    }
    return numbers;
  }

  test_support::NumberedClip clip_ = test_support::make_clip(kSize, 40, kKeyframeEvery, 500);
  std::mutex mutex_;
  std::vector<CameraState> states_;
  std::vector<std::pair<EndReason, std::string>> ends_;
  std::vector<frame::PicturePtr> pictures_;
  int arrived_ = 0;
  std::shared_ptr<CameraStream> stream_;
  std::shared_ptr<PipelineSource> source_;
};

TEST_F(DecodeChainTest, frames_become_pictures) {
  const auto tap = watch();
  play_clip();
  push(0, 12);
  ASSERT_TRUE(decoded(12));
  EXPECT_EQ(numbers(), (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(stream_->numbers().codec, stream::Codec::vp8);
  EXPECT_EQ(stream_->numbers().size, kSize);
}

TEST_F(DecodeChainTest, it_stops_when_nobody_wants_pictures_and_goes_on_at_a_keyframe_undamaged) {
  auto tap = watch();
  play_clip();
  push(0, 5);
  ASSERT_TRUE(decoded(5));
  tap.want(false);
  ASSERT_TRUE(stream_->look());  // Nobody wants them ...
  ASSERT_TRUE(stream_->look());  // ... still nobody.
  std::vector<bool> seen;
  auto encoded = stream_->tap_encoded([&](const stream::EncodedFrame& frame) {
    note([&] { seen.push_back(frame.keyframe); });
  });
  push(5, 15);
  ASSERT_TRUE(test_support::eventually([&] {
    const std::lock_guard lock(mutex_);
    return seen.size() == 5;  // From the keyframe on.
  }));
  EXPECT_EQ(stream_->numbers().frames_decoded, 5U);
  EXPECT_EQ(stream_->state(), CameraState::live);
  tap.want(true);
  push(15, 25);
  EXPECT_TRUE(decoded(10));
  EXPECT_GE(source_->chain()->keyframe_requests(), 1U);
  encoded = {};
  EXPECT_EQ(numbers(), (std::vector{0, 1, 2, 3, 4, 20, 21, 22, 23, 24}));
  EXPECT_EQ(source_->chain()->frames_skipped(), 0U);
}

TEST_F(DecodeChainTest, encoded_bytes_are_those_that_came_in) {
  std::vector<std::vector<std::uint8_t>> frames;
  const auto encoded = stream_->tap_encoded([&](const stream::EncodedFrame& frame) {
    note([&] { frames.emplace_back(frame.bytes.begin(), frame.bytes.end()); });
  });
  play_clip();
  push(0, 3);
  ASSERT_TRUE(test_support::eventually([&] {
    const std::lock_guard lock(mutex_);
    return frames.size() == 3;
  }));
  EXPECT_EQ(frames, (std::vector(clip_.frames.begin(), clip_.frames.begin() + 3)));
}

TEST_F(DecodeChainTest, a_file_is_a_source_like_any_other) {
  const test_support::TempDir folder;
  const auto file = (folder.path() / "clip.webm").string();
  {
    const auto writer = gst::parse_pipeline("videotestsrc num-buffers=30 pattern=ball ! "
                                            "video/x-raw,width=320,height=240,framerate=30/1 ! "
                                            "vp8enc deadline=1 keyframe-max-dist=10 ! webmmux ! "
                                            "filesink location=\"" + file + "\"")
                            .value();
    std::atomic<bool> over{false};
    gst::drain_bus(writer.get(), [&](const gst::BusEvent&) { over = true; });
    gst_element_set_state(writer.get(), GST_STATE_PLAYING);
    ASSERT_TRUE(test_support::eventually([&] { return over.load(); }));
    gst_element_set_state(writer.get(), GST_STATE_NULL);
  }
  const auto tap = watch();
  source_ = PipelineSource::play("filesrc location=\"" + file + "\" ! matroskademux name=out",
                                 stream_);
  ASSERT_TRUE(test_support::eventually([&] {
    const std::lock_guard lock(mutex_);
    return !ends_.empty();
  }));
  source_->close();
  EXPECT_EQ(ends_.front(), std::pair(EndReason::closed, std::string("the file has ended")));
  EXPECT_EQ(states_, (std::vector{CameraState::live}));
  EXPECT_EQ(pictures_.size(), 30U);
}

TEST_F(DecodeChainTest, h264_goes_on_after_a_pause_with_the_parameter_sets_of_the_keyframe) {
  auto tap = watch();
  // Parameter sets once at the start only, as some encoders do.
  source_ = PipelineSource::play(
      "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1 ! "
      "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! "
      "video/x-h264,stream-format=avc,alignment=au ! identity name=out",
      stream_);
  ASSERT_TRUE(decoded(5));
  tap.want(false);
  ASSERT_TRUE(stream_->look());
  ASSERT_TRUE(stream_->look());
  std::vector<std::uint8_t> keyframe;
  const auto encoded = stream_->tap_encoded([&](const stream::EncodedFrame& frame) {
    note([&] {
      if (keyframe.empty()) keyframe.assign(frame.bytes.begin(), frame.bytes.end());
    });
  });
  ASSERT_TRUE(test_support::eventually([&] {
    const std::lock_guard lock(mutex_);
    return !keyframe.empty();
  }));
  const auto paused = stream_->numbers().frames_decoded;
  tap.want(true);
  ASSERT_TRUE(decoded(paused + 5));
  // H.264 section 7.3.1.2: a NAL unit of type 7 is a sequence parameter set.
  bool has_set = false;
  for (std::size_t i = 0; i + 4 < keyframe.size(); ++i) {
    has_set = has_set || (keyframe[i] == 0 && keyframe[i + 1] == 0 && keyframe[i + 2] == 1 &&
                          (keyframe[i + 3] & 0x1f) == 7);
  }
  EXPECT_TRUE(has_set);
}

TEST_F(DecodeChainTest, nothing_is_fed_after_close) {
  const auto tap = watch();
  play_clip();
  push(0, 3);
  ASSERT_TRUE(decoded(3));
  source_->chain()->close();
  push(3, 6);
  source_->finish();  // Behind them, so that they have passed when it is told.
  ASSERT_TRUE(test_support::eventually([&] {
    const std::lock_guard lock(mutex_);
    return !ends_.empty();
  }));
  EXPECT_EQ(numbers(), (std::vector{0, 1, 2}));
}

}  // namespace
}  // namespace surveillx::decode
