#include "surveillx/stream/camera_stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace surveillx::stream {
namespace {

using namespace std::chrono_literals;
using domain::CameraState;

/// Notes what the stream asks of it.
class NotingSource : public CameraSource {
 public:
  void set_decoding(bool wanted) override { decoding.push_back(wanted); }
  void request_keyframe() override { ++keyframes; }
  void give_up(EndReason reason, const std::string& detail) override {
    given_up = reason;
    if (stream) stream->end(reason, detail);
  }
  void tend(std::chrono::milliseconds quiet) override { tended.push_back(quiet); }
  void close() override {}

  std::vector<bool> decoding;
  int keyframes = 0;
  std::optional<EndReason> given_up;
  std::vector<std::chrono::milliseconds> tended;
  std::shared_ptr<CameraStream> stream;
};

class CameraStreamTest : public testing::Test {
 protected:
  CameraStreamTest() {
    StreamEvents events;
    events.on_state = [this](CameraState state) { states_.push_back(state); };
    events.on_end = [this](EndReason reason, const std::string& detail) {
      ends_.emplace_back(reason, detail);
    };
    stream_ = CameraStream::create({MediaSessionId::random(), CameraId::random(), {}, 5s},
                                   std::move(events), clock_);
    stream_->attach(source_);
  }
  ~CameraStreamTest() override { stream_->close(); }

  void decode() {
    frame::Frame frame;
    frame.picture = frame::WritablePicture::allocate({64, 48});
    frame.received_at = clock_.steady();
    decoded_ = stream_->decoded(std::move(frame));
  }
  void arrive(bool keyframe = false) {
    static const std::array<std::uint8_t, 3> bytes{1, 2, 3};
    EncodedFrame frame;
    frame.codec = Codec::vp8;
    frame.keyframe = keyframe;
    frame.bytes = bytes;
    frame.received_at = clock_.steady();
    stream_->encoded_arrived(frame);
  }
  /// Time passes; something arrives each second, and the stream looks as its timer would.
  void pass(std::chrono::seconds time, bool arriving) {
    for (auto gone = 0s; gone < time; gone += 1s) {
      clock_.advance(1s);
      if (arriving) arrive();
      (void)stream_->look();
    }
  }

  ManualClock clock_;
  std::vector<CameraState> states_;
  std::vector<std::pair<EndReason, std::string>> ends_;
  std::shared_ptr<NotingSource> source_ = std::make_shared<NotingSource>();
  std::shared_ptr<CameraStream> stream_;
  bool decoded_ = false;
};

TEST_F(CameraStreamTest, it_is_live_with_the_first_picture_and_falls_silent_by_degrees) {
  arrive(true);
  EXPECT_EQ(stream_->state(), CameraState::connecting);
  decode();
  for (int i = 0; i < 5; ++i) {
    clock_.advance(1s);
    (void)stream_->look();
  }
  decode();
  EXPECT_EQ(states_, (std::vector{CameraState::live, CameraState::stale, CameraState::offline,
                                  CameraState::live}));
  EXPECT_EQ(stream_->numbers().size, (frame::Size{64, 48}));
  EXPECT_EQ(stream_->numbers().frames_decoded, 2U);
}

TEST_F(CameraStreamTest, ten_seconds_of_silence_end_it_once_through_its_source) {
  source_->stream = stream_;
  decode();
  clock_.advance(10s);
  EXPECT_FALSE(stream_->look());
  EXPECT_EQ(source_->given_up, EndReason::no_frames);
  EXPECT_EQ(ends_, (std::vector{std::pair(EndReason::no_frames, std::string("no frame for 10000 ms"))}));
  stream_->end(EndReason::closed, "again");
  EXPECT_EQ(ends_.size(), 1U);
  decode();
  EXPECT_FALSE(decoded_);
  EXPECT_FALSE(stream_->look());
  source_->stream = nullptr;
}

TEST_F(CameraStreamTest, silence_ends_it_when_its_source_is_gone_already) {
  source_.reset();
  clock_.advance(10s);
  EXPECT_FALSE(stream_->look());
  ASSERT_EQ(ends_.size(), 1U);
  EXPECT_EQ(ends_.front().first, EndReason::no_frames);
}

TEST_F(CameraStreamTest, frames_are_counted_from_one_and_go_to_every_tap_that_wants_them) {
  std::vector<std::uint64_t> one;
  std::vector<std::uint64_t> other;
  auto first = stream_->tap_decoded([&](const frame::Frame& frame) { one.push_back(frame.seq); });
  auto second =
      stream_->tap_decoded([&](const frame::Frame& frame) { other.push_back(frame.seq); }, false);
  decode();
  second.want(true);
  decode();
  first.want(false);
  decode();
  first = {};
  decode();
  EXPECT_EQ(one, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(other, (std::vector<std::uint64_t>{2, 3, 4}));
}

TEST_F(CameraStreamTest, a_first_tap_gets_the_newest_picture_that_came_before_it) {
  decode();
  decode();
  std::vector<std::uint64_t> one;
  std::vector<std::uint64_t> other;
  const auto first = stream_->tap_decoded([&](const frame::Frame& f) { one.push_back(f.seq); });
  const auto second = stream_->tap_decoded([&](const frame::Frame& f) { other.push_back(f.seq); });
  decode();
  EXPECT_EQ(one, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(other, (std::vector<std::uint64_t>{2, 3}));
  std::vector<std::uint64_t> late;
  const auto third = stream_->tap_decoded([&](const frame::Frame& f) { late.push_back(f.seq); });
  EXPECT_TRUE(late.empty());
}

TEST_F(CameraStreamTest, decoding_ends_when_nobody_has_wanted_pictures_for_a_while) {
  auto tap = stream_->tap_decoded([](const frame::Frame&) {});
  decode();
  tap.want(false);
  pass(4s, true);
  EXPECT_TRUE(source_->decoding.empty());
  pass(2s, true);
  EXPECT_EQ(source_->decoding, (std::vector{false}));
  tap.want(true);
  EXPECT_EQ(source_->decoding, (std::vector{false, true}));
}

TEST_F(CameraStreamTest, decoding_goes_on_for_who_looks_away_for_a_moment) {
  auto tap = stream_->tap_decoded([](const frame::Frame&) {});
  decode();
  for (int i = 0; i < 4; ++i) {
    tap.want(false);
    pass(3s, true);
    tap.want(true);
    pass(3s, true);
    decode();
  }
  EXPECT_TRUE(source_->decoding.empty());
}

TEST_F(CameraStreamTest, decoding_goes_on_until_a_first_picture_however_few_want_it) {
  pass(8s, true);
  EXPECT_TRUE(source_->decoding.empty());
  EXPECT_EQ(stream_->state(), CameraState::connecting);
}

TEST_F(CameraStreamTest, an_undecoded_camera_is_live_while_frames_arrive_and_stale_without) {
  decode();
  pass(20s, true);
  EXPECT_EQ(source_->decoding, (std::vector{false}));
  EXPECT_EQ(stream_->state(), CameraState::live);
  EXPECT_NEAR(stream_->numbers().fps, 1, 0.01);
  pass(3s, false);
  EXPECT_EQ(stream_->state(), CameraState::stale);
  arrive();
  EXPECT_EQ(stream_->state(), CameraState::live);
  pass(10s, false);
  EXPECT_EQ(source_->given_up, EndReason::no_frames);
}

TEST_F(CameraStreamTest, a_camera_whose_frames_cannot_be_decoded_is_not_live) {
  const auto tap = stream_->tap_decoded([](const frame::Frame&) {});
  decode();
  pass(5s, true);
  EXPECT_EQ(stream_->state(), CameraState::offline);
}

TEST_F(CameraStreamTest, an_encoded_tap_begins_with_a_keyframe_that_is_asked_for) {
  EXPECT_FALSE(stream_->wants_encoded());
  std::vector<bool> keyframes;
  auto tap = stream_->tap_encoded([&](const EncodedFrame& f) { keyframes.push_back(f.keyframe); });
  EXPECT_TRUE(stream_->wants_encoded());
  EXPECT_EQ(source_->keyframes, 1);
  arrive();
  arrive(true);
  arrive();
  EXPECT_EQ(keyframes, (std::vector{true, false}));
  tap = {};
  EXPECT_FALSE(stream_->wants_encoded());
  arrive(true);
  EXPECT_EQ(keyframes.size(), 2U);
}

TEST_F(CameraStreamTest, a_keyframe_that_does_not_come_is_asked_for_again) {
  const auto first = stream_->tap_encoded([](const EncodedFrame&) {});
  arrive(true);
  const auto second = stream_->tap_encoded([](const EncodedFrame&) {});
  EXPECT_EQ(source_->keyframes, 1);  // The one that was asked for may still be on its way.
  for (int i = 0; i < 15; ++i) {
    clock_.advance(100ms);
    arrive();
  }
  EXPECT_EQ(source_->keyframes, 4);
  arrive(true);
  clock_.advance(1s);
  arrive();
  EXPECT_EQ(source_->keyframes, 4);
}

TEST_F(CameraStreamTest, a_camera_that_gives_no_keyframe_when_asked_stays_live_until_one_comes) {
  auto tap = stream_->tap_decoded([](const frame::Frame&) {});
  decode();
  tap.want(false);
  pass(8s, true);
  tap.want(true);
  pass(20s, true);
  EXPECT_EQ(stream_->state(), CameraState::live);
  arrive(true);
  pass(3s, true);  // What comes now should be pictures.
  EXPECT_EQ(stream_->state(), CameraState::stale);
}

TEST_F(CameraStreamTest, an_encoded_tap_asks_for_no_decoding) {
  decode();
  const auto tap = stream_->tap_encoded([](const EncodedFrame&) {});
  pass(8s, true);
  EXPECT_EQ(source_->decoding, (std::vector{false}));
}

TEST_F(CameraStreamTest, who_removes_a_tap_waits_for_the_call_that_runs) {
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<bool> left{false};
  auto tap = stream_->tap_decoded([&](const frame::Frame&) {
    entered.set_value();
    leave.get_future().wait();
    left = true;
  });
  std::thread decoder([&] { decode(); });
  entered.get_future().wait();
  (void)stream_->look();  // The timer's thread does not wait.
  tap.want(false);        // Nor does who wants no more.
  std::thread releaser([&] { leave.set_value(); });
  tap = {};
  EXPECT_TRUE(left);
  decoder.join();
  releaser.join();
}

TEST_F(CameraStreamTest, nothing_is_told_after_close) {
  int frames = 0;
  const auto tap = stream_->tap_decoded([&](const frame::Frame&) { ++frames; });
  decode();
  stream_->close();
  decode();
  clock_.advance(10s);
  EXPECT_FALSE(stream_->look());
  stream_->end(EndReason::closed, "late");
  EXPECT_EQ(frames, 1);
  EXPECT_EQ(states_, (std::vector{CameraState::live}));
  EXPECT_TRUE(ends_.empty());
}

TEST_F(CameraStreamTest, its_source_is_tended_with_how_long_it_has_been_quiet) {
  decode();
  pass(3s, false);
  EXPECT_EQ(source_->tended, (std::vector<std::chrono::milliseconds>{1s, 2s, 3s}));
}

TEST(CameraStream, looks_by_itself_once_begun) {
  std::promise<EndReason> ended;
  StreamEvents events;
  events.on_end = [&](EndReason reason, const std::string&) { ended.set_value(reason); };
  StreamOptions options;
  options.limits = {100ms, 200ms, 300ms};
  const auto stream = CameraStream::create(options, std::move(events));
  stream->begin();
  auto future = ended.get_future();
  ASSERT_EQ(future.wait_for(20s), std::future_status::ready);
  EXPECT_EQ(future.get(), EndReason::no_frames);
  stream->close();
}

}  // namespace
}  // namespace surveillx::stream
