#include "surveillx/webrtc/peer_session.hpp"

#include "surveillx/ice/local_addresses.hpp"
#include "surveillx/test_support/support.hpp"

#include "test_sender.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <netinet/in.h>
#include <random>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace surveillx::webrtc {
namespace {

using namespace std::chrono_literals;
using domain::CameraState;
using stream::Codec;
using stream::EndReason;
using test::Call;
using test::CallOptions;
using test::Recorder;
using test::SenderOptions;

std::size_t entries(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

class PeerSessionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto warm = warm_up();
    ASSERT_TRUE(warm) << warm.error().message;
  }
  static void TearDownTestSuite() {
    // GLib keeps idle threads for a while; what they hold would look like leaks to a sanitizer.
    g_thread_pool_stop_unused_threads();
  }
  void TearDown() override { EXPECT_TRUE(drain(20s)); }

  static CallOptions options() {
    CallOptions options;
    options.stream.id = MediaSessionId::random();
    options.stream.camera = CameraId::random();
    return options;
  }

  /// The section of an SDP for one kind of media.
  static std::string section(const std::string& sdp, const std::string& kind) {
    const auto start = sdp.find("m=" + kind);
    if (start == std::string::npos) return {};
    return sdp.substr(start, sdp.find("\r\nm=", start + 2) - start);
  }
};

TEST_F(PeerSessionTest, vp8_is_decoded_with_the_time_of_its_last_packet) {
  Call call;
  const auto before = std::chrono::steady_clock::now();
  const auto connected = call.connect({}, options());
  ASSERT_TRUE(connected) << connected.error().message;
  ASSERT_TRUE(call.recorder->wait_frames(10));
  call.session->close();
  const auto& frame = call.recorder->frame_;
  EXPECT_EQ(frame.picture->size(), (frame::Size{320, 240}));
  EXPECT_EQ(frame.seq, static_cast<std::uint64_t>(call.recorder->frames_));
  EXPECT_GT(frame.received_at, before);
  EXPECT_LE(frame.received_at, std::chrono::steady_clock::now());
  EXPECT_LT(
      std::chrono::abs(frame.timestamp - std::chrono::time_point_cast<std::chrono::milliseconds>(
                                             std::chrono::system_clock::now())),
      60s);
  EXPECT_EQ(call.recorder->states_, std::vector{CameraState::live});
  EXPECT_TRUE(call.recorder->ends_.empty());
}

TEST_F(PeerSessionTest, h264_is_decoded) {
  Call call;
  SenderOptions sender;
  sender.codec = Codec::h264;
  const auto connected = call.connect(sender, options());
  ASSERT_TRUE(connected) << connected.error().message;
  ASSERT_TRUE(call.recorder->wait_frames(10));
  EXPECT_EQ(call.session->stats().codec, Codec::h264);
  EXPECT_EQ(call.session->stats().size, (frame::Size{320, 240}));
}

TEST_F(PeerSessionTest, pictures_hold_their_pixels_after_the_session_is_gone) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  ASSERT_TRUE(call.recorder->wait_frames(3));
  call.session->close();
  call.sender->die();
  ASSERT_TRUE(drain(20s));
  const auto picture = call.recorder->frame_.picture;
  ASSERT_TRUE(picture);
  // The test picture is a white ball on black: both must be there.
  int dark = 255;
  int light = 0;
  for (int y = 0; y < picture->size().height; ++y) {
    for (int x = 0; x < picture->size().width; ++x) {
      const int value = picture->y().data[y * picture->y().stride + x];
      dark = std::min(dark, value);
      light = std::max(light, value);
    }
  }
  EXPECT_LT(dark, 40);
  EXPECT_GT(light, 200);
}

TEST_F(PeerSessionTest, trickle_answers_first_and_ends_the_candidate_list) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  ASSERT_NE(call.offer.find("trickle"), std::string::npos);
  ASSERT_TRUE(call.recorder->wait_frames(1));
  ASSERT_TRUE(call.recorder->wait(
      [](const Recorder& r) { return !r.candidates_.empty() && r.candidates_.back().empty(); }));
  call.session->close();
  EXPECT_FALSE(call.recorder->candidate_before_answer_);
  ASSERT_GE(call.recorder->candidates_.size(), 2U);
  EXPECT_NE(call.recorder->candidates_.front().find("127.0.0.1"), std::string::npos);
}

TEST_F(PeerSessionTest, without_trickle_the_answer_holds_all_candidates) {
  Call call;
  SenderOptions sender;
  sender.trickle = false;
  ASSERT_TRUE(call.connect(sender, options()));
  ASSERT_TRUE(call.recorder->wait_frames(5));
  call.session->close();
  EXPECT_NE(call.recorder->answer_.find("a=candidate:"), std::string::npos);
  EXPECT_TRUE(call.recorder->candidates_.empty());
}

TEST_F(PeerSessionTest, ice_stays_on_loopback_by_default) {
  Call call;
  SenderOptions sender;
  sender.trickle = false;
  ASSERT_TRUE(call.connect(sender, options()));
  const auto answer = call.recorder->wait_answer();
  for (auto at = answer.find("a=candidate:"); at != std::string::npos;
       at = answer.find("a=candidate:", at + 1)) {
    EXPECT_NE(answer.substr(at, answer.find('\r', at) - at).find(" 127.0.0.1 "), std::string::npos);
  }
}

TEST_F(PeerSessionTest, candidates_use_the_configured_ports) {
  Call call;
  SenderOptions sender;
  sender.trickle = false;
  auto session = options();
  session.peer.ice.min_port = 41'000;
  session.peer.ice.max_port = 41'200;
  ASSERT_TRUE(call.connect(sender, session));
  ASSERT_TRUE(call.recorder->wait_frames(1));
  bool seen = false;
  ASSERT_TRUE(
      test_support::eventually([&] { return !call.session->stats().local_candidate.empty(); }));
  const auto local = call.session->stats().local_candidate;
  const auto port = std::stoi(local.substr(local.find(':') + 1));
  seen = port >= 41'000 && port <= 41'200;
  EXPECT_TRUE(seen) << local << "\n" << call.recorder->wait_answer();
}

/// Two UDP ports next to each other on loopback that nobody else can bind while this lives.
class TakenPorts {
 public:
  TakenPorts() {
    for (int attempt = 0; attempt < 200 && second_ < 0; ++attempt) {
      first_ = bound(0);
      sockaddr_in address{};
      socklen_t length = sizeof address;
      getsockname(first_, reinterpret_cast<sockaddr*>(&address), &length);
      port_ = ntohs(address.sin_port);
      second_ = port_ < 65'535 ? bound(static_cast<std::uint16_t>(port_ + 1)) : -1;
      if (second_ < 0) ::close(std::exchange(first_, -1));
    }
  }
  TakenPorts(const TakenPorts&) = delete;
  TakenPorts& operator=(const TakenPorts&) = delete;
  ~TakenPorts() {
    ::close(first_);
    free_second();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void free_second() {
    if (second_ >= 0) ::close(std::exchange(second_, -1));
  }

 private:
  static int bound(std::uint16_t port) {
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return descriptor;
    }
    ::close(descriptor);
    return -1;
  }

  int first_ = -1;
  int second_ = -1;
  std::uint16_t port_ = 0;
};

TEST_F(PeerSessionTest, a_session_without_a_free_port_ends_by_that_name) {
  for (const bool trickle : {true, false}) {
    TakenPorts taken;
    auto session = options();
    session.peer.ice.min_port = taken.port();
    session.peer.ice.max_port = static_cast<std::uint16_t>(taken.port() + 1);
    SenderOptions with;
    with.trickle = trickle;
    const auto sender = test::TestSender::create(with);
    const auto recorder = std::make_shared<Recorder>();
    const auto watched = Recorder::watch(recorder, session.stream);
    const auto refused = PeerSession::answer(session.peer, sender->wait_offer(), watched.stream,
                                             Recorder::events(recorder));
    ASSERT_TRUE(refused) << refused.error().message;
    ASSERT_TRUE(recorder->wait([](const Recorder& r) { return !r.ends_.empty(); }));
    (*refused)->close();
    EXPECT_EQ(recorder->ends_.front().first, EndReason::no_media_port);
    EXPECT_TRUE(recorder->ends_.front().second.starts_with(
        "no free media port (ice.min_port..max_port)"))
        << recorder->ends_.front().second;
    EXPECT_TRUE(recorder->answer_.empty()) << recorder->answer_;

    taken.free_second();
    Call call;
    ASSERT_TRUE(call.connect(with, session));
    EXPECT_TRUE(call.recorder->wait_frames(1));
  }
}

TEST_F(PeerSessionTest, an_ice_address_that_is_not_of_this_machine_is_refused_by_name) {
  for (const char* address : {"192.0.2.77", "2001:db8::77", "no.address", "127.0.0.1:80", ""}) {
    auto session = options();
    session.peer.ice.local_addresses = {address};
    const auto answered =
        PeerSession::answer(session.peer, test::TestSender::create({})->wait_offer(),
                            stream::CameraStream::create(session.stream, {}), {});
    ASSERT_FALSE(answered) << address;
    EXPECT_EQ(answered.error().name, ice::kBadIceAddress);
  }
}

TEST_F(PeerSessionTest, audio_is_declined_and_video_goes_on) {
  for (const bool first : {false, true}) {
    Call call;
    SenderOptions sender;
    sender.audio = true;
    sender.audio_first = first;
    const auto connected = call.connect(sender, options());
    ASSERT_TRUE(connected) << connected.error().message << "\n" << call.offer;
    ASSERT_TRUE(call.recorder->wait_frames(5));
    const auto audio = section(call.recorder->wait_answer(), "audio");
    ASSERT_FALSE(audio.empty());
    // First and in a max-bundle offer, it is all that carries the video (RFC 9143 section 7.3.3).
    EXPECT_NE(audio.find("a=inactive"), std::string::npos) << audio;
    EXPECT_EQ(audio.starts_with("m=audio 0 "), !first) << audio;
  }
}

TEST_F(PeerSessionTest, a_data_channel_does_not_disturb) {
  Call call;
  SenderOptions sender;
  sender.data_channel = true;
  const auto connected = call.connect(sender, options());
  ASSERT_TRUE(connected) << connected.error().message;
  ASSERT_NE(call.offer.find("m=application"), std::string::npos);
  EXPECT_TRUE(call.recorder->wait_frames(5));
  EXPECT_TRUE(section(call.recorder->wait_answer(), "application").starts_with("m=application 0 "));
}

TEST_F(PeerSessionTest, without_a_bundle_only_the_transport_of_the_video_is_taken) {
  Call call;
  SenderOptions sender;
  sender.bundle_policy = "none";
  sender.trickle = false;
  sender.audio = true;
  const auto connected = call.connect(sender, options());
  ASSERT_TRUE(connected) << connected.error().message << "\n" << call.offer;
  EXPECT_TRUE(call.recorder->wait_frames(5)) << call.offer;
  const auto audio = section(call.recorder->wait_answer(), "audio");
  EXPECT_TRUE(audio.starts_with("m=audio 0 ")) << audio;
}

TEST_F(PeerSessionTest, answer_asks_for_retransmission_and_a_good_start_bitrate) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  const auto video = section(call.recorder->wait_answer(), "video");
  EXPECT_NE(video.find("nack"), std::string::npos) << video;
  EXPECT_NE(video.find("x-google-start-bitrate="), std::string::npos) << video;
  EXPECT_NE(video.find("a=recvonly"), std::string::npos) << video;
}

TEST_F(PeerSessionTest, bad_offers_get_their_names) {
  const auto name_of = [](const std::string& sdp) {
    const auto answered = PeerSession::answer({}, sdp, stream::CameraStream::create({}, {}), {});
    return answered ? std::string("accepted") : std::string(answered.error().name.text());
  };
  EXPECT_EQ(name_of(""), "bad_sdp");
  EXPECT_EQ(name_of("this is not SDP"), "bad_sdp");
  EXPECT_EQ(name_of("v=0\r\nm=video"), "bad_sdp");
  const std::string head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
  EXPECT_EQ(name_of(head), "no_video");
  EXPECT_EQ(name_of(head + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n"),
            "no_video");
  EXPECT_EQ(name_of(head + "m=video 9 UDP/TLS/RTP/SAVPF 98\r\na=rtpmap:98 AV1/90000\r\n"),
            "unsupported_codec");
}

TEST_F(PeerSessionTest, malformed_candidates_are_dropped) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  call.session->add_candidate("nonsense", 0);
  call.session->add_candidate("candidate:1 1 UDP 1 127.0.0.1 99999 typ host", 0);
  call.session->add_candidate("candidate:1 1 UDP 1 127.0.0.1 9 typ host", 77);
  call.session->add_candidate(std::string(100'000, 'c'), 0);
  call.session->add_candidate(
      "candidate:1 1 UDP 1 0b1f9c5e-6a53-4ee4-8c1d-a0b6a2a0e0e1.local 50000 typ host", 0);
  EXPECT_TRUE(call.recorder->wait_frames(5));
}

TEST_F(PeerSessionTest, statistics_tell_the_selected_pair_and_the_counters) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  ASSERT_TRUE(call.recorder->wait_frames(10));
  ASSERT_TRUE(
      test_support::eventually([&] { return !call.session->stats().local_candidate.empty(); }));
  const auto stats = call.session->stats();
  EXPECT_NE(stats.local_candidate.find("127.0.0.1"), std::string::npos) << stats.local_candidate;
  EXPECT_NE(stats.remote_candidate.find("127.0.0.1"), std::string::npos) << stats.remote_candidate;
  EXPECT_EQ(stats.dtls_state, "connected");
  EXPECT_TRUE(stats.ice_state == "connected" || stats.ice_state == "completed") << stats.ice_state;
  EXPECT_EQ(stats.codec, Codec::vp8);
  EXPECT_GE(stats.packets_received, 10U);
  EXPECT_GE(stats.frames_decoded, 10U);
  EXPECT_GT(stats.fps, 1.0);
}

TEST_F(PeerSessionTest, a_keyframe_can_be_asked_for) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  ASSERT_TRUE(call.recorder->wait_frames(2));
  const auto before = call.session->stats().keyframe_requests;
  call.session->request_keyframe();
  call.session->request_keyframe();  // Within 500 ms: one is enough.
  EXPECT_TRUE(test_support::eventually(
      [&] { return call.session->stats().keyframe_requests >= before + 1; }));
  EXPECT_TRUE(call.recorder->wait_more_frames(5));
}

TEST_F(PeerSessionTest, a_camera_that_falls_silent_goes_stale_offline_and_back_to_live) {
  Call call;
  auto session = options();
  session.stream.limits.stale_after = 300ms;
  session.stream.limits.offline_after = 2s;  // Far enough apart for a busy machine's timer.
  session.stream.limits.end_after = 60s;
  ASSERT_TRUE(call.connect({}, session));
  ASSERT_TRUE(call.recorder->wait_frames(5));
  call.sender->mute(true);
  ASSERT_TRUE(call.recorder->wait(
      [](const Recorder& r) { return r.states_.back() == CameraState::offline; }));
  EXPECT_EQ(call.watched.stream->state(), CameraState::offline);
  call.sender->mute(false);
  ASSERT_TRUE(
      call.recorder->wait([](const Recorder& r) { return r.states_.back() == CameraState::live; }));
  call.session->close();
  const auto& states = call.recorder->states_;
  ASSERT_GE(states.size(), 4U);
  const std::vector<CameraState> last(states.end() - 4, states.end());
  EXPECT_EQ(last, (std::vector{CameraState::live, CameraState::stale, CameraState::offline,
                               CameraState::live}));
}

TEST_F(PeerSessionTest, nothing_is_decoded_that_nobody_wants_and_it_goes_on_when_somebody_does) {
  for (const auto codec : {Codec::vp8, Codec::h264}) {
    Call call;
    SenderOptions sender;
    sender.codec = codec;
    auto quick = options();
    quick.stream.decode_linger = 0ms;
    ASSERT_TRUE(call.connect(sender, quick));
    ASSERT_TRUE(call.recorder->wait_frames(5));
    call.watched.tap.want(false);
    SessionStats last;
    ASSERT_TRUE(test_support::eventually(
        [&] {
          const auto now = call.session->stats();
          if (now.frames_decoded != last.frames_decoded) last = now;
          return now.packets_received > last.packets_received + 60;
        },
        20s));
    EXPECT_GT(call.session->stats().fps, 5);
    EXPECT_EQ(call.watched.stream->state(), CameraState::live);
    call.watched.tap.want(true);
    EXPECT_TRUE(call.recorder->wait_more_frames(10));
    EXPECT_EQ(call.session->stats().frames_skipped, 0U);
    EXPECT_TRUE(call.recorder->ends_.empty());
  }
}

TEST_F(PeerSessionTest, encoded_frames_are_handed_out_as_they_came) {
  for (const auto codec : {Codec::vp8, Codec::h264}) {
    Call call;
    SenderOptions sender;
    sender.codec = codec;
    ASSERT_TRUE(call.connect(sender, options()));
    ASSERT_TRUE(call.recorder->wait_frames(5));
    std::mutex mutex;
    std::vector<stream::EncodedFrame> frames;
    auto tap = call.watched.stream->tap_encoded([&](const stream::EncodedFrame& frame) {
      const std::lock_guard lock(mutex);
      frames.push_back(frame);
    });
    ASSERT_TRUE(test_support::eventually([&] {
      const std::lock_guard lock(mutex);
      return frames.size() >= 5;
    }));
    tap = {};
    EXPECT_TRUE(frames.front().keyframe);
    EXPECT_EQ(frames.front().codec, codec);
    const auto& bytes = frames.front().bytes;
    ASSERT_GT(bytes.size(), 100U);
    if (codec == Codec::vp8) {
      // RFC 6386 section 9.1: a keyframe's start code and size.
      EXPECT_EQ((std::vector<int>{bytes[3], bytes[4], bytes[5]}), (std::vector{0x9d, 0x01, 0x2a}));
    } else {
      EXPECT_EQ((std::vector<int>{bytes[0], bytes[1], bytes[2], bytes[3]}),
                (std::vector{0, 0, 0, 1}));
    }
    for (std::size_t i = 1; i < frames.size(); ++i) {
      // Frames that a busy machine takes in at once have one time.
      EXPECT_GE(frames[i].pts, frames[i - 1].pts) << i << ", " << stream::to_string(codec);
    }
  }
}

TEST_F(PeerSessionTest, no_frames_at_all_end_the_session) {
  const auto recorder = std::make_shared<Recorder>();
  const auto sender = test::TestSender::create({});
  auto short_life = options();
  short_life.stream.limits.end_after = 300ms;
  // The answer never reaches the sender, so that nothing ever comes.
  const auto watched = Recorder::watch(recorder, short_life.stream);
  const auto session = PeerSession::answer(short_life.peer, sender->wait_offer(), watched.stream,
                                           Recorder::events(recorder));
  ASSERT_TRUE(session) << session.error().message;
  ASSERT_TRUE(recorder->wait([](const Recorder& r) { return !r.ends_.empty(); }));
  EXPECT_EQ(recorder->ends_.front().first, EndReason::no_frames);
  EXPECT_EQ(watched.stream->state(), CameraState::connecting);
  (*session)->close();
  EXPECT_EQ(recorder->ends_.size(), 1U);
}

TEST_F(PeerSessionTest, a_sender_that_dies_ends_the_session) {
  Call call;
  auto session = options();
  session.stream.limits.end_after = 2s;
  ASSERT_TRUE(call.connect({}, session));
  ASSERT_TRUE(call.recorder->wait_frames(5));
  call.sender->die();
  ASSERT_TRUE(call.recorder->wait([](const Recorder& r) { return !r.ends_.empty(); }));
  const auto reason = call.recorder->ends_.front().first;
  EXPECT_TRUE(reason == EndReason::no_frames || reason == EndReason::closed ||
              reason == EndReason::ice_failed)
      << to_string(reason);
}

TEST_F(PeerSessionTest, a_picture_over_the_limit_ends_the_session_by_name) {
  for (const auto codec : {Codec::vp8, Codec::h264}) {
    Call call;
    SenderOptions sender;
    sender.codec = codec;
    auto session = options();
    session.peer.max_size = {160, 120};
    ASSERT_TRUE(call.connect(sender, session));
    ASSERT_TRUE(call.recorder->wait([](const Recorder& r) { return !r.ends_.empty(); }));
    EXPECT_EQ(call.recorder->ends_.front().first, EndReason::pipeline_error);
    EXPECT_TRUE(call.recorder->ends_.front().second.starts_with("picture_too_large"))
        << call.recorder->ends_.front().second;
    call.session->close();
    EXPECT_EQ(call.recorder->frames_, 0);
  }
}

TEST_F(PeerSessionTest, a_camera_with_another_certificate_than_its_offer_names_shows_nothing) {
  Call call;
  call.edit_offer = [](std::string sdp) {
    const std::string before = "a=fingerprint:sha-256 ";
    const auto at = sdp.find(before) + before.size();
    sdp[at] = sdp[at] == '0' ? '1' : '0';
    return sdp;
  };
  ASSERT_TRUE(call.connect({}, options()));
  ASSERT_TRUE(call.recorder->wait([](const Recorder& r) { return !r.ends_.empty(); }));
  call.session->close();
  EXPECT_EQ(call.recorder->ends_.front().first, EndReason::dtls_failed);
  EXPECT_NE(call.recorder->ends_.front().second.find("certificate"), std::string::npos);
  EXPECT_EQ(call.recorder->frames_, 0);
}

TEST_F(PeerSessionTest, h264_jumps_to_a_keyframe_as_well_when_decoding_hangs) {
  Call call;
  call.recorder->look_ = [seen = 0](const frame::Frame&) mutable {
    if (++seen == 5) std::this_thread::sleep_for(1'500ms);
  };
  SenderOptions sender;
  sender.codec = Codec::h264;
  ASSERT_TRUE(call.connect(sender, options()));
  ASSERT_TRUE(call.recorder->wait_frames(5));
  ASSERT_TRUE(call.recorder->wait_more_frames(10));
  EXPECT_GT(call.session->stats().frames_skipped, 0U);
  EXPECT_GE(call.session->stats().keyframe_requests, 1U);
}

TEST_F(PeerSessionTest, a_camera_with_thousands_of_sources_gets_few_jitter_buffers) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  ASSERT_TRUE(call.recorder->wait_frames(2));
  const auto threads = entries("/proc/self/task");
  call.sender->flood_sources(100);
  ASSERT_TRUE(test_support::eventually(
      [&] { return call.session->stats().packets_refused >= 1'000; }));
  // Two threads each.
  EXPECT_LE(entries("/proc/self/task"), threads + 2 * 16 + 8);
  EXPECT_TRUE(call.recorder->wait_more_frames(3));
}

TEST_F(PeerSessionTest, nothing_is_called_after_close) {
  Call call;
  ASSERT_TRUE(call.connect({}, options()));
  ASSERT_TRUE(call.recorder->wait_frames(2));
  call.session->close();
  const int frames = call.recorder->frames_;
  const auto states = call.recorder->states_.size();
  call.session->close();
  ASSERT_TRUE(drain(20s));
  EXPECT_EQ(call.recorder->frames_, frames);
  EXPECT_EQ(call.recorder->states_.size(), states);
  EXPECT_TRUE(call.recorder->ends_.empty());
}

TEST_F(PeerSessionTest, sessions_closed_at_any_moment_leave_no_threads_or_descriptors) {
  std::mt19937 random(7);
  const auto one = [&](int round) {
    Call call;
    SenderOptions sender;
    sender.trickle = round % 3 != 0;
    sender.width = 160;
    sender.height = 120;
    if (round % 2 == 0) {
      ASSERT_TRUE(call.connect(sender, options()));
      ASSERT_TRUE(call.recorder->wait_frames(1));
      call.session->close();
      return;
    }
    // Abrupt: one side or the other goes at some moment of the negotiation or the first pictures.
    call.sender = test::TestSender::create(sender);
    call.watched = Recorder::watch(call.recorder, options().stream);
    auto session = PeerSession::answer({}, call.sender->wait_offer(), call.watched.stream,
                                       Recorder::events(call.recorder));
    ASSERT_TRUE(session);
    call.session = *session;
    if (random() % 4 != 0) {
      const auto answer = call.recorder->wait_answer();
      call.sender->set_candidate_handler([s = call.session](const std::string& candidate, int m) {
        s->add_candidate(candidate, m);
      });
      call.sender->set_answer(answer);
      const auto moment = std::chrono::milliseconds(random() % 200);
      (void)call.recorder->wait([](const Recorder& r) { return r.frames_ > 2; }, moment);
    }
    if (random() % 2 == 0) call.sender->die();
  };
  for (int round = 0; round < 6; ++round) one(round);
  ASSERT_TRUE(drain(20s));
  // Threads that have answered their last promise may still be on their way out.
  std::size_t threads = 0;
  std::size_t descriptors = 0;
  (void)test_support::eventually(
      [&, last = std::size_t{0}]() mutable {
        threads = entries("/proc/self/task");
        descriptors = entries("/proc/self/fd");
        return std::exchange(last, threads) == threads;
      },
      5s);
  for (int round = 0; round < 32; ++round) one(round);
  ASSERT_TRUE(drain(20s));
  EXPECT_TRUE(
      test_support::eventually([&] { return entries("/proc/self/task") <= threads + 2; }, 10s))
      << entries("/proc/self/task") << " threads, at the start " << threads;
  EXPECT_TRUE(
      test_support::eventually([&] { return entries("/proc/self/fd") <= descriptors + 2; }, 10s))
      << entries("/proc/self/fd") << " descriptors, at the start " << descriptors;
}

}  // namespace
}  // namespace surveillx::webrtc
