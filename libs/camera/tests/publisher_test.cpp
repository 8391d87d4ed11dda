#include "surveillx/camera/publisher.hpp"

#include "surveillx/base/clock.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/signaling/codec.hpp"
#include "surveillx/signaling/server_session.hpp"
#include "surveillx/test_support/support.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>

namespace surveillx::camera {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;

/// What happened, in a line each, for tests to wait on.
class Diary {
 public:
  void note(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
  }
  [[nodiscard]] int count(const std::string& line) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count(lines_.begin(), lines_.end(), line));
  }
  [[nodiscard]] bool wait(const std::string& line, int times = 1) const {
    return eventually([&] { return count(line) >= times; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A signalling server on a free port of 127.0.0.1 whose answers each test writes.
class FakeServer {
 public:
  using Handler = std::function<void(net::WebSocketPtr socket, const std::string& text)>;

  explicit FakeServer(Handler on_text, std::uint16_t port = 0) : on_text_(std::move(on_text)) {
    loop_.start("fake-server");
    auto router = std::make_shared<net::Router>();
    router->add_upgrade("/", [this](net::Router::Upgrade upgrade) {
      diary.note("authorization " + std::string(upgrade.request.headers.get("Authorization")));
      upgrade.accept([this](net::WebSocketPtr socket) {
        diary.note("open");
        sockets_.insert(socket);
        const std::weak_ptr<net::WebSocket> weak = socket;
        socket->on_message = [this, weak](const SharedBytes& message, bool) {
          const auto decoded = signaling::decode(message.text());
          if (!decoded) {
            diary.note("bad");
            return;
          }
          diary.note(std::string(names_[decoded->index()]));
          if (const auto alive = weak.lock()) on_text_(alive, std::string(message.text()));
        };
        socket->on_close = [this, weak](std::uint16_t code, const std::string&) {
          diary.note("close " + std::to_string(code));
          if (const auto alive = weak.lock()) sockets_.erase(alive);
        };
      });
    });
    net::ListenOptions listen;
    listen.address = "127.0.0.1:" + std::to_string(port);
    auto server = net::HttpServer::listen(loop_, router, listen);
    if (!server) throw Failure(server.error());
    server_ = std::move(*server);
    port_ = server_->port();
  }
  ~FakeServer() {
    loop_.run_sync([this] { sockets_.clear(); });
    server_.reset();
    loop_.stop();
  }
  [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] net::EventLoop& loop() { return loop_; }

  Diary diary;

 private:
  static constexpr std::array<std::string_view, 8> names_{"hello", "welcome", "offer", "answer",
                                                          "ice",   "bye",     "error", "unknown"};
  Handler on_text_;
  net::EventLoop loop_;
  std::unique_ptr<net::HttpServer> server_;
  std::uint16_t port_ = 0;
  std::set<net::WebSocketPtr> sockets_;
};

void send(const net::WebSocketPtr& socket, const signaling::Message& message) {
  socket->send_text(SharedBytes(signaling::encode(message)));
}

bool is_hello(const std::string& text) {
  return std::holds_alternative<signaling::Hello>(*signaling::decode(text));
}

PublisherOptions quick_options(const std::string& url) {
  PublisherOptions options;
  options.server = url;
  options.token = "t0ken";
  options.source.kind = SourceSpec::Kind::test;
  options.format = {frame::Size{160, 120}, 15};
  options.back_off = {5ms, 20ms, 0.2};
  return options;
}

struct Told {
  Diary diary;
  std::mutex mutex;
  std::optional<Error> finished;

  [[nodiscard]] Publisher::Events events() {
    Publisher::Events events;
    events.on_state = [this](PublisherState state, const std::string&) {
      diary.note(std::string(to_string(state)));
    };
    events.on_finished = [this](const Error& error) {
      {
        const std::lock_guard lock(mutex);
        finished = error;
      }
      diary.note("finished");
    };
    return events;
  }
};

std::unique_ptr<Publisher> publish(const PublisherOptions& options, Told& told) {
  auto publisher = Publisher::start(options, told.events());
  if (!publisher) throw Failure(publisher.error());
  return std::move(*publisher);
}

TEST(Publisher, shows_its_token_as_bearer_and_in_hello) {
  Told told;
  std::atomic<bool> token_seen = false;
  FakeServer server([&](const net::WebSocketPtr&, const std::string& text) {
    const auto message = signaling::decode(text);
    const auto* hello = std::get_if<signaling::Hello>(&*message);
    token_seen = hello != nullptr && hello->token == "t0ken";
  });
  const auto publisher = publish(quick_options(server.url()), told);
  EXPECT_TRUE(server.diary.wait("hello"));
  EXPECT_EQ(server.diary.count("authorization Bearer t0ken"), 1);
  EXPECT_TRUE(eventually([&] { return token_seen.load(); }));
}

TEST(Publisher, gives_up_after_close_4401_and_4409_and_says_what_to_do) {
  struct Case {
    std::uint16_t code;
    ErrorName error;
    const char* advice;
  };
  for (const Case& c : {Case{4401, kRefused, "surveillx cameras token"},
                        Case{4409, kTakenOver, "surveillx cameras add"}}) {
    SCOPED_TRACE(c.code);
    Told told;
    FakeServer server([&](const net::WebSocketPtr& socket, const std::string& text) {
      if (is_hello(text)) socket->close(c.code, "");
    });
    const auto publisher = publish(quick_options(server.url()), told);
    ASSERT_TRUE(told.diary.wait("finished"));
    {
      const std::lock_guard lock(told.mutex);
      EXPECT_EQ(told.finished->name, c.error);
      EXPECT_NE(told.finished->message.find(c.advice), std::string::npos);
    }
    EXPECT_FALSE(eventually([&] { return server.diary.count("open") > 1; }, 100ms));
    EXPECT_EQ(told.diary.count("waiting"), 0);
  }
}

TEST(Publisher, comes_back_after_every_other_end) {
  constexpr std::array<std::uint16_t, 6> kCodes{1000, 1001, 1008, 1013, 4408, 4410};
  for (const std::uint16_t code : kCodes) {
    SCOPED_TRACE(code);
    Told told;
    FakeServer server([&](const net::WebSocketPtr& socket, const std::string& text) {
      if (is_hello(text)) socket->close(code, "");
    });
    const auto publisher = publish(quick_options(server.url()), told);
    EXPECT_TRUE(server.diary.wait("open", 3));
    EXPECT_TRUE(told.diary.wait("waiting", 2));
    EXPECT_EQ(told.diary.count("finished"), 0);
  }
}

TEST(Publisher, comes_back_after_garbage_and_after_a_cut_socket) {
  Told told;
  std::atomic<int> greeted = 0;
  FakeServer server([&](const net::WebSocketPtr& socket, const std::string& text) {
    if (!is_hello(text)) return;
    if (greeted++ == 0) {
      socket->send_text(SharedBytes(std::string("{")));
    } else if (greeted == 2) {
      socket->abort();
    }
  });
  const auto publisher = publish(quick_options(server.url()), told);
  EXPECT_TRUE(server.diary.wait("open", 3));
}

TEST(Publisher, tries_until_there_is_a_server) {
  std::uint16_t port = 0;
  {
    const FakeServer somebody_else([](const auto&, const auto&) {});
    port = somebody_else.port();
  }
  Told told;
  const auto publisher = publish(quick_options("ws://127.0.0.1:" + std::to_string(port)), told);
  ASSERT_TRUE(told.diary.wait("waiting", 3));
  FakeServer server([](const auto&, const auto&) {}, port);
  EXPECT_TRUE(server.diary.wait("hello"));
}

TEST(Publisher, starts_over_when_its_offer_is_refused) {
  Told told;
  FakeServer server([](const net::WebSocketPtr& socket, const std::string& text) {
    if (is_hello(text)) {
      send(socket, signaling::Welcome{"id", {}});
    } else {
      send(socket, signaling::ErrorMessage{"unsupported_codec", "no"});
    }
  });
  const auto publisher = publish(quick_options(server.url()), told);
  EXPECT_TRUE(server.diary.wait("offer", 2));
  EXPECT_TRUE(told.diary.wait("connected", 2));
  EXPECT_EQ(told.diary.count("live"), 0);
}

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
    events.on_frame = [this](const frame::Frame& frame) {
      {
        const std::lock_guard lock(mutex_);
        size_ = frame.picture->size();
      }
      diary_.note("frame");
    };
    events.on_end = [this](webrtc::EndReason reason, const std::string&) {
      diary_.note("end " + std::string(webrtc::to_string(reason)));
    };
    webrtc::SessionOptions options;
    options.id = MediaSessionId::random();
    auto peer = webrtc::PeerSession::answer(options, start.sdp, std::move(events));
    ASSERT_TRUE(peer) << peer.error().message;
    peer_ = std::move(*peer);
  }

  Diary& diary_;
  mutable std::mutex mutex_;
  frame::Size size_;
  signaling::ServerSession session_;
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
    EXPECT_EQ(server.stats().codec, codec == Codec::vp8 ? webrtc::Codec::vp8 : webrtc::Codec::h264);
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
