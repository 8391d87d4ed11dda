#include "surveillx/base/clock.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/signaling/server_session.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "fake_server.hpp"

#include <gtest/gtest.h>

// The camera's side against the media process's side: libs/camera and libs/webrtc with both state
// machines of libs/signaling between them. Neither library may use the other, so this is no test of
// one of them.
namespace surveillx::camera {
namespace {

using namespace test;

/// The server's side with everything real but the database.
class RealServer {
 public:
  explicit RealServer(Diary& diary)
      : diary_(diary), server_([this](const net::WebSocketPtr& socket, const std::string& text) {
          received(socket, text);
        }) {}
  ~RealServer() {
    std::shared_ptr<webrtc::PeerSession> last;
    server_.loop().run_sync([&] { last.swap(peer_); });
    if (last) last->close();
  }
  [[nodiscard]] std::string url() const { return server_.url(); }
  [[nodiscard]] Diary& messages() { return server_.diary; }
  [[nodiscard]] frame::Size size() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }
  [[nodiscard]] webrtc::SessionStats stats() {
    webrtc::SessionStats stats;
    server_.loop().run_sync([&] {
      if (peer_) stats = peer_->stats();
    });
    return stats;
  }

 private:
  void received(const net::WebSocketPtr& socket, const std::string& text) {
    const auto now = system_clock().steady();
    if (is_hello(text)) {
      session_ = signaling::ServerSession();
      perform(socket, session_.opened(now, std::nullopt));
    }
    perform(socket, session_.text(now, text));
  }

  void perform(const net::WebSocketPtr& socket, const signaling::Actions& actions) {
    for (const signaling::Action& action : actions) {
      if (const auto* send_it = std::get_if<signaling::SendMessage>(&action)) {
        send(socket, send_it->message);
      } else if (std::holds_alternative<signaling::Authenticate>(action)) {
        perform(socket, session_.authenticated(system_clock().steady(), CameraId::random()));
      } else if (const auto* start = std::get_if<signaling::StartSession>(&action)) {
        begin(socket, *start);
      } else if (const auto* add = std::get_if<signaling::AddCandidate>(&action)) {
        if (peer_) peer_->add_candidate(add->candidate, add->mline_index);
      } else if (std::holds_alternative<signaling::EndSession>(action)) {
        if (peer_) peer_->close();
        peer_.reset();
      } else if (const auto* close = std::get_if<signaling::Close>(&action)) {
        socket->close(static_cast<std::uint16_t>(close->code), close->reason);
      }
    }
  }

  void begin(const net::WebSocketPtr& socket, const signaling::StartSession& start) {
    if (peer_) peer_->close();
    webrtc::SessionEvents events;
    events.on_answer = [this, socket, offer = start.offer](const std::string& sdp) {
      server_.loop().post([=, this] { perform(socket, session_.local_answer(offer, sdp)); });
    };
    events.on_candidate = [this, socket, offer = start.offer](const std::string& candidate,
                                                              int mline) {
      server_.loop().post(
          [=, this] { perform(socket, session_.local_candidate(offer, candidate, mline)); });
    };
    stream::StreamEvents told;
    told.on_end = [this](stream::EndReason reason, const std::string&) {
      diary_.note("end " + std::string(stream::to_string(reason)));
    };
    stream::StreamOptions options;
    options.id = MediaSessionId::random();
    const auto stream = stream::CameraStream::create(options, std::move(told));
    tap_ = stream->tap_decoded([this](const frame::Frame& frame) {
      {
        const std::lock_guard lock(mutex_);
        size_ = frame.picture->size();
      }
      diary_.note("frame");
    });
    auto peer = webrtc::PeerSession::answer({}, start.sdp, stream, std::move(events));
    ASSERT_TRUE(peer) << peer.error().message;
    peer_ = std::move(*peer);
  }

  Diary& diary_;
  mutable std::mutex mutex_;
  frame::Size size_;
  signaling::ServerSession session_;
  stream::CameraStream::Tap tap_;
  std::shared_ptr<webrtc::PeerSession> peer_;
  FakeServer server_;
};

class PublisherVideo : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_TRUE(webrtc::drain(20s));
    EXPECT_TRUE(gst::drain_reaper(20s));
  }
};

TEST_F(PublisherVideo, arrives_in_both_codecs_and_bye_ends_it) {
  for (const Codec codec : {Codec::vp8, Codec::h264}) {
    SCOPED_TRACE(codec == Codec::vp8 ? "vp8" : "h264");
    Diary seen;
    Told told;
    RealServer server(seen);
    PublisherOptions options = quick_options(server.url());
    options.codec = codec;
    options.format = {frame::Size{320, 240}, 30};
    const auto publisher = publish(options, told);
    ASSERT_TRUE(seen.wait("frame", 10));
    EXPECT_EQ(server.size(), (frame::Size{320, 240}));
    EXPECT_EQ(server.stats().codec, codec == Codec::vp8 ? stream::Codec::vp8 : stream::Codec::h264);
    EXPECT_TRUE(told.diary.wait("live"));
    EXPECT_EQ(told.diary.count("waiting"), 0);
    publisher->stop();
    EXPECT_TRUE(server.messages().wait("bye"));
  }
}

TEST_F(PublisherVideo, comes_back_after_its_socket_was_cut) {
  Diary seen;
  Told told;
  RealServer server(seen);
  const auto publisher = publish(quick_options(server.url()), told);
  ASSERT_TRUE(told.diary.wait("live"));
  publisher->cut_socket();
  EXPECT_TRUE(told.diary.wait("live", 2));
  const int before = seen.count("frame");
  EXPECT_TRUE(seen.wait("frame", before + 5));
}

TEST_F(PublisherVideo, may_vanish_at_any_moment) {
  for (const char* const moment : {"connecting", "connected", "live"}) {
    SCOPED_TRACE(moment);
    Diary seen;
    Told told;
    RealServer server(seen);
    const auto publisher = publish(quick_options(server.url()), told);
    ASSERT_TRUE(told.diary.wait(moment));
    publisher->vanish();
    EXPECT_EQ(server.messages().count("bye"), 0);
  }
}

}  // namespace
}  // namespace surveillx::camera
