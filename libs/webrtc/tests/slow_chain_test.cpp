#include "surveillx/decode/rtp_intake.hpp"
#include "surveillx/test_support/numbered_clip.hpp"
#include "surveillx/test_support/support.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "test_sender.hpp"

#include <gtest/gtest.h>

#include <map>
#include <thread>

// Packets that arrived are not thrown away because our own thread was slow. The frame callback runs
// on the thread that decodes: while it sleeps, nothing is decoded, and everything waits in front.
namespace surveillx::webrtc {
namespace {

using namespace std::chrono_literals;
using test::Call;
using test_support::NumberedClip;

struct Format {
  const char* name;
  frame::Size size;
  int fps;
  int frames;
  int keyframe_every;
  int kbps;
};

void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

/// How long decoding hangs, by how many frames have come before.
using Stalls = std::map<int, std::chrono::milliseconds>;

struct Seen {
  std::vector<int> numbers;  ///< -1: not readable.
  std::vector<int> damaged;  ///< Numbers of pictures that are not what they should be.
  SessionStats stats;
  int keyframe_requests = 0;
};

class SlowChainTest : public testing::TestWithParam<Format> {
 protected:
  static void SetUpTestSuite() {
    const auto warm = warm_up();
    ASSERT_TRUE(warm) << warm.error().message;
  }
  static void TearDownTestSuite() { g_thread_pool_stop_unused_threads(); }
  void TearDown() override { EXPECT_TRUE(drain(20s)); }

  static Seen play(const NumberedClip& clip, int fps, const Stalls& stalls,
                   std::chrono::milliseconds skip_after) {
    Seen seen;
    Call call;
    call.recorder->look_ = [&](const frame::Frame& frame) {
      const auto number = test_support::number_in(*frame.picture);
      const int known = number && *number < clip.pictures.size() ? *number : -1;
      const bool whole =
          known >= 0 &&
          test_support::hash(*frame.picture) == clip.pictures[static_cast<std::size_t>(known)];
      if (!whole) seen.damaged.push_back(known);
      const auto stall = stalls.find(static_cast<int>(seen.numbers.size()));
      seen.numbers.push_back(known);
      if (stall != stalls.end()) std::this_thread::sleep_for(stall->second);
    };
    test::SenderOptions sender;
    sender.from_test = true;
    sender.width = clip.size.width;
    sender.height = clip.size.height;
    test::CallOptions options;
    options.stream.id = MediaSessionId::random();
    options.stream.camera = CameraId::random();
    options.stream.limits.end_after = 60s;  // A busy machine may take its time.
    options.peer.skip_after = skip_after;
    if (const auto connected = call.connect(sender, options); !connected) {
      ADD_FAILURE() << connected.error().message;
      return seen;
    }
    EXPECT_TRUE(test_support::eventually(
        [&] {
          return call.sender->connected() && call.session->stats().dtls_state == "connected";
        },
        20s));
    auto next = std::chrono::steady_clock::now();
    for (const auto& frame : clip.frames) {
      std::this_thread::sleep_until(next);
      next += std::chrono::nanoseconds(1'000'000'000 / fps);
      call.sender->push(frame);
    }
    // `seen` belongs to the streaming thread until the session is closed.
    EXPECT_TRUE(test_support::eventually(
        [&] {
          std::size_t told = 0;
          (void)call.recorder->wait([&](const test::Recorder& r) {
            told = static_cast<std::size_t>(r.frames_);
            return true;
          });
          return told + call.session->stats().frames_skipped >= clip.frames.size();
        },
        60s));
    seen.stats = call.session->stats();
    seen.keyframe_requests = call.sender->keyframe_requests();
    call.session->close();
    return seen;
  }
};

TEST_P(SlowChainTest, short_hangs_cost_no_frame_and_long_ones_jump_to_a_keyframe) {
  const auto format = GetParam();
  const auto clip =
      test_support::make_clip(format.size, format.frames, format.keyframe_every, format.kbps);
  RecordProperty("largest_frame", static_cast<int>(clip.largest));
  const int middle = format.frames / 4;
  std::vector<int> all;
  for (int i = 0; i < format.frames; ++i) all.push_back(i);

  for (const auto& stalls :
       {Stalls{{0, 50ms}, {middle, 300ms}}, Stalls{{0, 300ms}, {middle, 50ms}}}) {
    SCOPED_TRACE("first " + std::to_string(stalls.begin()->second.count()) + " ms");
    // Whatever the machine is busy with beside, nothing is too old here.
    const auto seen = play(clip, format.fps, stalls, 60s);
    EXPECT_EQ(seen.numbers, all);
    EXPECT_EQ(seen.damaged, std::vector<int>{});
    EXPECT_EQ(seen.stats.frames_skipped, 0U);
    EXPECT_EQ(seen.stats.packets_lost, 0);
  }

  for (const int at : {0, middle}) {
    SCOPED_TRACE("1,500 ms after " + std::to_string(at) + " frames");
    const auto before = decode::totals().frames_skipped;
    const auto seen = play(clip, format.fps, {{at, 1'500ms}}, SessionOptions{}.skip_after);
    EXPECT_EQ(decode::totals().frames_skipped - before, seen.stats.frames_skipped);
    EXPECT_EQ(seen.damaged, std::vector<int>{});
    for (std::size_t i = 1; i < seen.numbers.size(); ++i) {
      const int step = seen.numbers[i] - seen.numbers[i - 1];
      EXPECT_GT(step, 0);
      if (step == 1) continue;
      EXPECT_EQ(seen.numbers[i] % format.keyframe_every, 0) << "after " << seen.numbers[i - 1];
    }
    EXPECT_GT(seen.stats.frames_skipped, 0U);
    EXPECT_EQ(seen.numbers.size() + seen.stats.frames_skipped, clip.frames.size());
    EXPECT_GE(seen.keyframe_requests, 1);
    EXPECT_EQ(seen.stats.packets_lost, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, SlowChainTest,
                         testing::Values(Format{"480", {640, 480}, 30, 120, 30, 2'000},
                                         Format{"1080", {1920, 1080}, 12, 48, 12, 8'000},
                                         Format{"4K", {3840, 2160}, 5, 24, 6, 20'000}),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace surveillx::webrtc
