#include "surveillx/net/web_socket.hpp"

#include "net_fixture.hpp"
#include "web_socket_codec.hpp"

#include <deque>
#include <mutex>
#include <thread>
#include <tuple>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;
using web_socket::Opcode;

/// What one end saw. Written on the loop, read by the test; kept by the callbacks, which may come
/// after the test's end.
struct Seen : std::enable_shared_from_this<Seen> {
  std::mutex mutex;
  std::vector<std::pair<std::string, bool>> messages;
  std::vector<std::uint16_t> closes;
  std::string reason;
  int drained = 0;

  void watch(const WebSocketPtr& socket) {
    socket->on_message = [self = shared_from_this()](const SharedBytes& message, bool binary) {
      self->add(message, binary);
    };
    socket->on_close = [self = shared_from_this()](std::uint16_t code, std::string why) {
      const std::lock_guard lock(self->mutex);
      self->closes.push_back(code);
      self->reason = std::move(why);
    };
    socket->on_drained = [self = shared_from_this()] {
      const std::lock_guard lock(self->mutex);
      ++self->drained;
    };
  }
  void add(const SharedBytes& message, bool binary) {
    const std::lock_guard lock(mutex);
    messages.emplace_back(message.text(), binary);
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return messages.size();
  }
  bool closed() {
    const std::lock_guard lock(mutex);
    return !closes.empty();
  }
};

/// One frame as a client sends it.
std::string frame(Opcode opcode, std::string payload, bool fin = true, bool masked = true) {
  web_socket::FrameHeader header;
  header.fin = fin;
  header.opcode = opcode;
  header.length = payload.size();
  if (masked) {
    header.mask = web_socket::MaskKey{9, 8, 7, 6};
    web_socket::apply_mask({reinterpret_cast<std::uint8_t*>(payload.data()), payload.size()},
                           *header.mask, 0);
  }
  const auto bytes = web_socket::write_header(header);
  return std::string(reinterpret_cast<const char*>(bytes.bytes.data()), bytes.size) + payload;
}

std::string server_frame(Opcode opcode, const std::string& payload) {
  return frame(opcode, payload, true, false);
}
std::string server_close(std::uint16_t code) {
  const Bytes payload = web_socket::write_close(code, "");
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

class WebSocketTest : public NetTest {
 protected:
  WebSocketTest() {
    router_->add_upgrade("/ws", [this](Router::Upgrade upgrade) {
      upgrade.options = server_options_;
      upgrade.accept([this](const WebSocketPtr& socket) {
        server_seen_.watch(socket);
        if (echo_) {
          socket->on_message = [weak = std::weak_ptr(socket)](SharedBytes message, bool binary) {
            const auto self = weak.lock();
            binary ? self->send_binary(std::move(message)) : self->send_text(std::move(message));
          };
        }
        if (opened_) opened_(socket);
        server_socket_ = socket;
        ++accepted_;
      });
    });
  }
  ~WebSocketTest() override {
    server_.reset();  // Its routes use what stands below.
    on_loop([&] { server_socket_.reset(); });
  }
  ClientRequest ws(const std::string& target = "/ws") {
    ClientRequest request;
    request.url = url(target, "ws");
    return request;
  }
  /// A raw connection whose upgrade is done; the answer is read off.
  std::unique_ptr<RawSocket> raw() {
    auto socket = std::make_unique<RawSocket>(server_->port());
    socket->send(kUpgrade);
    socket->read_until("\r\n\r\n");
    return socket;
  }

  WebSocketOptions server_options_;
  std::shared_ptr<Seen> server_seen_owner_ = std::make_shared<Seen>();
  Seen& server_seen_ = *server_seen_owner_;
  bool echo_ = false;
  std::function<void(const WebSocketPtr&)> opened_;
  WebSocketPtr server_socket_;  ///< Touched on the loop only.
  std::atomic<int> accepted_{0};
  std::vector<Router::Upgrade> kept_;  ///< Loop only.
};

TEST_F(WebSocketTest, messages_of_all_sizes_arrive_whole_and_in_order) {
  echo_ = true;
  server_options_.max_message_bytes = 5'000'000;
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  WebSocketOptions options;
  options.max_message_bytes = 5'000'000;
  const auto socket = connect(ws(), options, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket) << socket.error().message;
  std::vector<std::string> sent;
  for (const std::size_t size : {0U, 1U, 125U, 126U, 4096U, 65535U, 65536U, 200'000U, 3'000'000U}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 31 + size) % 26);
    sent.push_back(std::move(text));
  }
  on_loop([&] {
    for (const std::string& text : sent) {
      (*socket)->send_text(SharedBytes(text));
      (*socket)->send_binary(SharedBytes(text));
    }
    EXPECT_EQ((*socket)->queued(), sent.size() * 2);
  });
  ASSERT_TRUE(eventually([&] { return seen.count() == sent.size() * 2; }));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(seen.messages[i * 2], std::make_pair(sent[i], false));
    EXPECT_EQ(seen.messages[i * 2 + 1], std::make_pair(sent[i], true));
  }
  on_loop([&] {
    EXPECT_EQ((*socket)->queued(), 0U);
    EXPECT_EQ((*socket)->queued_bytes(), 0U);
    (*socket)->abort();
  });
  EXPECT_GE(seen.drained, 1);
}

TEST_F(WebSocketTest, drained_is_told_once_when_the_queue_has_become_empty) {
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  const auto socket = connect(ws(), {}, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket);
  on_loop([&] {
    (*socket)->send_text(SharedBytes(std::string("ab")));
    (*socket)->send_text(SharedBytes(std::string("cde")));
    EXPECT_EQ((*socket)->queued(), 2U);
    EXPECT_EQ((*socket)->queued_bytes(), 5U);
  });
  ASSERT_TRUE(eventually([&] { return server_seen_.count() == 2; }));
  on_loop([&] { EXPECT_EQ(seen.drained, 1); });
}

TEST_F(WebSocketTest, a_peer_that_does_not_read_leaves_messages_queued) {
  listen();
  const auto socket = raw();
  ASSERT_TRUE(eventually([&] { return accepted_ == 1; }));
  const SharedBytes picture{std::string(1'000'000, 'p')};
  on_loop([&] {
    for (int i = 0; i < 40; ++i) server_socket_->send_binary(picture);
  });
  on_loop([&] {
    EXPECT_GT(server_socket_->queued(), 0U);
    EXPECT_EQ(server_seen_.drained, 0);
  });
  // Once it reads, everything comes.
  std::thread reader([&] { socket->read_until(server_frame(Opcode::text, "end")); });
  on_loop([&] { server_socket_->send_text(SharedBytes(std::string("end"))); });
  EXPECT_TRUE(eventually([&] {
    std::size_t queued = 1;
    on_loop([&] { queued = server_socket_->queued(); });
    return queued == 0;
  }));
  reader.join();
  on_loop([&] { EXPECT_EQ(server_seen_.drained, 1); });
}

TEST_F(WebSocketTest, a_message_sent_with_the_upgrade_waits_for_its_receiver) {
  std::atomic<bool> ready{false};
  opened_ = [&](const WebSocketPtr& socket) {
    socket->on_message = nullptr;
    ready = true;
  };
  listen();
  RawSocket socket(server_->port());
  socket.send(std::string(kUpgrade) + frame(Opcode::text, "early") + frame(Opcode::text, "second"));
  ASSERT_TRUE(eventually([&] { return accepted_ == 1; }));
  on_loop([&] { EXPECT_EQ(server_seen_.count(), 0U); });
  on_loop([&] {
    server_socket_->on_message = [&](const SharedBytes& message, bool binary) {
      server_seen_.add(message, binary);
    };
  });
  ASSERT_TRUE(eventually([&] { return server_seen_.count() == 2; }));
  EXPECT_EQ(server_seen_.messages[0].first, "early");
  EXPECT_EQ(server_seen_.messages[1].first, "second");
}

TEST_F(WebSocketTest, a_receiver_may_replace_itself) {
  opened_ = [&](const WebSocketPtr& socket) {
    socket->on_message = [this, weak = std::weak_ptr(socket), text = std::string(100, 'l')](
                             const SharedBytes&, bool) {
      weak.lock()->on_message = [this](const SharedBytes& message, bool binary) {
        server_seen_.add(message, binary);
      };
      EXPECT_EQ(text.size(), 100U);  // Still alive.
    };
  };
  listen();
  const auto socket = raw();
  socket->send(frame(Opcode::text, "probe") + frame(Opcode::text, "upgrade"));
  ASSERT_TRUE(eventually([&] { return server_seen_.count() == 1; }));
  EXPECT_EQ(server_seen_.messages[0].first, "upgrade");
}

TEST_F(WebSocketTest, fragments_are_joined_and_pings_between_them_answered) {
  listen();
  const auto socket = raw();
  socket->send(frame(Opcode::text, "\xE2\x82", false) + frame(Opcode::ping, "hi") +
               frame(Opcode::continuation, "", false) + frame(Opcode::continuation, "\xAC!"));
  ASSERT_TRUE(eventually([&] { return server_seen_.count() == 1; }));
  EXPECT_EQ(server_seen_.messages[0].first, "\xE2\x82\xAC!");
  EXPECT_NE(socket->read_until(server_frame(Opcode::pong, "hi")).find("\x8A\x02hi"),
            std::string::npos);
}

TEST_F(WebSocketTest, bytes_may_come_one_at_a_time) {
  listen();
  const auto socket = raw();
  for (const char& c : frame(Opcode::binary, std::string(130, 'b'))) socket->send({&c, 1});
  ASSERT_TRUE(eventually([&] { return server_seen_.count() == 1; }));
  EXPECT_EQ(server_seen_.messages[0], std::make_pair(std::string(130, 'b'), true));
}

struct Violation {
  const char* name;
  std::string bytes;
  std::uint16_t code;
};

class WebSocketViolation : public WebSocketTest, public ::testing::WithParamInterface<Violation> {};

TEST_P(WebSocketViolation, closes_with_its_code) {
  server_options_.max_message_bytes = 1000;
  listen();
  auto socket = raw();
  socket->send(GetParam().bytes);
  const std::string expected = server_close(GetParam().code);
  EXPECT_NE(socket->read_until(expected).find(expected), std::string::npos);
  socket.reset();
  ASSERT_TRUE(eventually([&] { return server_seen_.closed(); }));
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{GetParam().code});
  EXPECT_EQ(server_seen_.count(), 0U);
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

INSTANTIATE_TEST_SUITE_P(
    All, WebSocketViolation,
    ::testing::Values(
        Violation{"unmasked", frame(Opcode::text, "x", true, false), 1002},
        Violation{"reserved_bit", std::string("\xC1\x80\x01\x02\x03\x04", 6), 1002},
        Violation{"reserved_opcode", std::string("\x83\x80\x01\x02\x03\x04", 6), 1002},
        Violation{"continuation_of_nothing", frame(Opcode::continuation, "x"), 1002},
        Violation{"message_inside_message",
                  frame(Opcode::text, "a", false) + frame(Opcode::text, "b"), 1002},
        Violation{"long_ping", frame(Opcode::ping, std::string(126, 'x')), 1002},
        Violation{"bad_close_code", frame(Opcode::close, std::string("\x03\xED", 2)), 1002},
        Violation{"bad_text", frame(Opcode::text, "ab\xFF"), 1007},
        Violation{"half_a_character", frame(Opcode::text, "ab\xE2\x82"), 1007},
        Violation{"too_big", frame(Opcode::binary, std::string(1001, 'x')), 1009},
        Violation{"too_big_in_parts",
                  frame(Opcode::binary, std::string(600, 'x'), false) +
                      frame(Opcode::continuation, std::string(600, 'x')),
                  1009}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(WebSocketTest, a_10_mb_message_is_refused_while_it_is_still_being_sent) {
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  const auto socket = connect(ws(), {}, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket);
  on_loop([&] { (*socket)->send_binary(SharedBytes(Bytes(10'000'000))); });
  ASSERT_TRUE(eventually([&] { return seen.closed() && server_seen_.closed(); }));
  EXPECT_EQ(seen.closes, std::vector<std::uint16_t>{1009});
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1009});
  EXPECT_EQ(server_seen_.count(), 0U);
}

TEST_F(WebSocketTest, close_sends_what_is_queued_first_and_both_ends_hear_of_it) {
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  const auto socket = connect(ws(), {}, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket);
  on_loop([&] {
    for (int i = 0; i < 5; ++i) (*socket)->send_binary(SharedBytes(Bytes(300'000)));
    (*socket)->close(4000, "bye");
    (*socket)->send_text(SharedBytes(std::string("ignored")));
    (*socket)->close(4001, "ignored");
  });
  ASSERT_TRUE(eventually([&] { return seen.closed() && server_seen_.closed(); }));
  EXPECT_EQ(server_seen_.count(), 5U);
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{4000});
  EXPECT_EQ(server_seen_.reason, "bye");
  EXPECT_EQ(seen.closes, std::vector<std::uint16_t>{4000});
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

TEST_F(WebSocketTest, close_from_the_server_is_answered_by_the_client) {
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  const auto socket = connect(ws(), {}, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket);
  on_loop([&] { server_socket_->close(4409, "takeover"); });
  ASSERT_TRUE(eventually([&] { return seen.closed() && server_seen_.closed(); }));
  EXPECT_EQ(seen.closes, std::vector<std::uint16_t>{4409});
  EXPECT_EQ(seen.reason, "takeover");
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{4409});
}

TEST_F(WebSocketTest, a_peer_that_does_not_answer_the_close_is_dropped) {
  listen();
  const auto socket = raw();
  ASSERT_TRUE(eventually([&] { return accepted_ == 1; }));
  on_loop([&] { server_socket_->close(1000, ""); });
  socket->read_all();
  ASSERT_TRUE(eventually([&] { return server_seen_.closed(); }));
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1006});
}

TEST_F(WebSocketTest, a_close_without_a_code_is_1005) {
  listen();
  const auto socket = raw();
  socket->send(frame(Opcode::close, ""));
  EXPECT_NE(socket->read_all().find(std::string("\x88\0", 2)), std::string::npos);
  EXPECT_TRUE(socket->ended());
  ASSERT_TRUE(eventually([&] { return server_seen_.closed(); }));
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1005});
}

TEST_F(WebSocketTest, a_peer_that_vanishes_is_1006) {
  listen();
  raw()->reset();
  ASSERT_TRUE(eventually([&] { return server_seen_.closed(); }));
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1006});
}

TEST_F(WebSocketTest, abort_ends_without_a_close_frame_and_tells_later_and_once) {
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  const auto socket = connect(ws(), {}, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket);
  on_loop([&] {
    (*socket)->abort();
    (*socket)->abort();
    (*socket)->close(1000, "");
    (*socket)->send_text(SharedBytes(std::string("ignored")));
    EXPECT_FALSE(seen.closed()) << "on_close inside abort";
    EXPECT_EQ((*socket)->queued(), 0U);
  });
  ASSERT_TRUE(eventually([&] { return seen.closed() && server_seen_.closed(); }));
  on_loop([] {});
  EXPECT_EQ(seen.closes, std::vector<std::uint16_t>{1006});
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1006});
}

TEST_F(WebSocketTest, may_be_aborted_by_its_own_receiver) {
  opened_ = [&](const WebSocketPtr& socket) {
    socket->on_message = [weak = std::weak_ptr(socket)](const SharedBytes&, bool) {
      weak.lock()->abort();
    };
  };
  listen();
  const auto socket = raw();
  socket->send(frame(Opcode::text, "one") + frame(Opcode::text, "two"));
  ASSERT_TRUE(eventually([&] { return server_seen_.closed(); }));
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1006});
}

TEST_F(WebSocketTest, a_silent_peer_is_pinged_and_then_dropped) {
  server_options_.ping_interval = 30ms;
  listen();
  const auto socket = raw();
  const std::string all = socket->read_all();
  EXPECT_NE(all.find(server_frame(Opcode::ping, "")), std::string::npos);
  ASSERT_TRUE(eventually([&] { return server_seen_.closed(); }));
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1006});
}

TEST_F(WebSocketTest, an_idle_peer_that_answers_pings_stays) {
  server_options_.ping_interval = 500ms;
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  WebSocketOptions options;
  options.ping_interval = 20ms;
  const auto socket = connect(ws(), options, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket);
  // Many of the client's intervals pass: each ping is answered by the server.
  std::promise<void> later;
  std::unique_ptr<Timer> timer;
  on_loop([&] {
    timer = std::make_unique<Timer>(loop_);
    timer->start(400ms, [&] { later.set_value(); });
  });
  later.get_future().wait();
  on_loop([&] { timer.reset(); });
  EXPECT_FALSE(seen.closed());
  on_loop([&] { (*socket)->abort(); });
}

TEST_F(WebSocketTest, an_upgrade_can_be_refused_later_and_on_another_thread) {
  std::mutex mutex;
  std::vector<Router::Upgrade> asked;
  router_->add_upgrade("/private", [&](Router::Upgrade upgrade) {
    const std::lock_guard lock(mutex);
    asked.push_back(std::move(upgrade));
  });
  listen();
  std::thread refuser([&] {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return !asked.empty();
    }));
    asked[0].refuse(HttpResponse::problem(401, "unauthorized", "No."));
  });
  const auto socket = connect(ws("/private"));
  refuser.join();
  ASSERT_FALSE(socket);
  EXPECT_TRUE(socket.error().is(kUpgradeRefused));
  EXPECT_NE(socket.error().message.find("401"), std::string::npos);
}

TEST_F(WebSocketTest, an_undecided_upgrade_is_500_and_an_unknown_path_404) {
  router_->add_upgrade("/undecided", [](const Router::Upgrade&) {});
  listen();
  EXPECT_NE(connect(ws("/undecided")).error().message.find("500"), std::string::npos);
  EXPECT_NE(connect(ws("/nowhere")).error().message.find("404"), std::string::npos);
}

TEST_F(WebSocketTest, a_wrong_version_or_key_is_refused) {
  listen();
  for (const auto& [version, key, status] :
       {std::tuple{"8", "dGhlIHNhbXBsZSBub25jZQ==", "426"}, std::tuple{"13", "short", "400"}}) {
    RawSocket socket(server_->port());
    socket.send(std::string("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                            "Upgrade: websocket\r\nSec-WebSocket-Version: ") +
                version + "\r\nSec-WebSocket-Key: " + key + "\r\n\r\n");
    EXPECT_TRUE(socket.read_until("\r\n\r\n").starts_with(std::string("HTTP/1.1 ") + status));
  }
}

TEST_F(WebSocketTest, an_upgrade_that_brings_a_body_or_expects_something_is_refused) {
  listen();
  for (const char* fields : {"Expect: 100-continue\r\nContent-Length: 1\r\n",
                             "Expect: 100-continue\r\n", "Content-Length: 1\r\n",
                             "Transfer-Encoding: chunked\r\n"}) {
    RawSocket socket(server_->port());
    socket.send(std::string(kUpgrade.substr(0, kUpgrade.size() - 2)) + fields + "\r\n");
    const std::string answer = socket.read_all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << fields << answer;
    EXPECT_NE(answer.find("bad_upgrade"), std::string::npos) << fields;
  }
  EXPECT_EQ(accepted_, 0);
  EXPECT_EQ(server_->stats().malformed, 4U);
  RawSocket socket(server_->port());
  socket.send(std::string(kUpgrade.substr(0, kUpgrade.size() - 2)) + "Content-Length: 0\r\n\r\n");
  EXPECT_TRUE(socket.read_until("\r\n\r\n").starts_with("HTTP/1.1 101")) << "a body that is none";
}

TEST_F(WebSocketTest, an_upgrade_goes_before_a_streamed_route_of_its_address) {
  router_->add_streamed("GET", "/ws",
                        [](const HttpRequest&, const IncomingBody&, const HttpResponder& respond) {
                          respond(HttpResponse::text(200, "streamed"));
                        });
  listen();
  const auto socket = connect(ws());
  ASSERT_TRUE(socket) << socket.error().message;
  const auto plain = get("/ws");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->body.text(), "streamed");
  on_loop([&] { (*socket)->abort(); });
}

TEST_F(WebSocketTest, destroying_the_server_closes_web_sockets_before_it_returns) {
  listen();
  const auto seen_owner = std::make_shared<Seen>();
  Seen& seen = *seen_owner;
  const auto socket = connect(ws(), {}, [&](const WebSocketPtr& s) { seen.watch(s); });
  ASSERT_TRUE(socket);
  ASSERT_TRUE(eventually([&] { return accepted_ == 1; }));
  server_.reset();
  EXPECT_EQ(server_seen_.closes, std::vector<std::uint16_t>{1006});
  EXPECT_TRUE(eventually([&] { return seen.closed(); }));
}

TEST_F(WebSocketTest, connecting_to_nobody_fails_by_name) {
  listen();
  const std::string dead = url("/ws", "ws");
  server_.reset();
  ClientRequest request;
  request.url = dead;
  EXPECT_TRUE(connect(request).error().is(kConnectFailed));
  request.url = "gopher://x/";
  EXPECT_TRUE(connect(request).error().is(kBadUrl));
}

TEST_F(WebSocketTest, a_server_that_says_nothing_is_a_timeout) {
  router_->add_upgrade("/silent",
                       [this](Router::Upgrade upgrade) { kept_.push_back(std::move(upgrade)); });
  listen();
  ClientRequest request = ws("/silent");
  request.timeout = 50ms;
  EXPECT_TRUE(connect(request).error().is(kTimeout));
  on_loop([&] { kept_.clear(); });
}

TEST(WebSocketLifetime, an_open_one_ends_with_its_loop) {
  std::weak_ptr<WebSocket> weak;
  EventLoop serving;
  serving.start("serving");
  const auto router = std::make_shared<Router>();
  router->add_upgrade(
      "/ws", [](const Router::Upgrade& upgrade) { upgrade.accept([](const WebSocketPtr&) {}); });
  auto server = HttpServer::listen(serving, router, {});
  ASSERT_TRUE(server);
  {
    EventLoop loop;
    loop.start("client");
    ClientRequest request;
    request.url = "ws://127.0.0.1:" + std::to_string((*server)->port()) + "/ws";
    std::promise<void> done;
    loop.run_sync([&] {
      connect_web_socket(loop, request, {}, [&](Result<WebSocketPtr> socket) {
        if (socket) weak = *socket;
        done.set_value();
      });
    });
    done.get_future().wait();
    EXPECT_FALSE(weak.expired());
  }
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace surveillx::net
