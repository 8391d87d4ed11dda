// What a peer may have before it is let in, and that it cannot keep others out.
#include "surveillx/net/http_server.hpp"
#include "surveillx/socketio/server.hpp"
#include "surveillx/test_support/support.hpp"

#include "raw_peer.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace surveillx::socketio {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kPolling = "/socket.io/?EIO=4&transport=polling";
constexpr const char* kWebSocket = "/socket.io/?EIO=4&transport=websocket";

/// A server that lets in who says `"token":"right"` and holds who says `"token":"slow"`.
class Strangers : public ::testing::Test {
 protected:
  Strangers() { loop_.start("sio-test"); }
  ~Strangers() override {
    loop_.run_sync([this] {
      held_.clear();
      inside_.clear();
      server_.reset();
    });
    http_.reset();
    loop_.stop();
  }

  void serve(ServerOptions options) {
    loop_.run_sync([&] {
      server_ = Server::create(loop_, std::move(options));
      server_->open_namespace("/stream", [this](Server::Admission admission) {
        ++asked_;
        const auto* token = admission.handshake.auth.if_contains("token");
        if (token != nullptr && *token == "right") {
          inside_.push_back(admission.accept());
        } else if (token != nullptr && *token == "slow") {
          held_.push_back(std::move(admission));
        } else {
          admission.refuse("unauthorized");
        }
      });
      router_ = std::make_shared<net::Router>();
      server_->mount(*router_);
    });
    net::ListenOptions listen;
    listen.max_body_bytes = 1024;
    auto http = net::HttpServer::listen(loop_, router_, listen);
    ASSERT_TRUE(http) << http.error().message;
    http_ = std::move(*http);
  }

  /// One request on a connection of its own; the whole answer.
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& body = {}, const char* from = "127.0.0.1",
                  const std::string& headers = {}) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, from, &address.sin_addr);
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    address.sin_port = htons(http_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string text = method + " " + target +
                             " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers +
                             "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    std::string answer;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got > 0) answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(fd);
    return answer;
  }
  /// The target of a new polling session; empty when none was given.
  std::string open(const char* from = "127.0.0.1", const std::string& headers = {}) {
    const std::string answer = ask("GET", kPolling, {}, from, headers);
    const std::size_t at = answer.find("\"sid\":\"");
    if (at == std::string::npos) return {};
    return std::string(kPolling) + "&sid=" + answer.substr(at + 7, answer.find('"', at + 7) - at - 7);
  }
  bool alive(const std::string& session) {
    // A noop: no packet that anything follows from.
    return ask("POST", session, "6").starts_with("HTTP/1.1 200");
  }
  bool connect(const std::string& session, const std::string& token) {
    return ask("POST", session, "40/stream,{\"token\":\"" + token + "\"}")
        .starts_with("HTTP/1.1 200");
  }
  Server::Stats stats() {
    Server::Stats stats;
    loop_.run_sync([&] { stats = server_->stats(); });
    return stats;
  }
  int asked() {
    int count = 0;
    loop_.run_sync([&] { count = asked_; });
    return count;
  }

  net::EventLoop loop_;
  std::shared_ptr<net::Router> router_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<net::HttpServer> http_;
  std::vector<SocketPtr> inside_;
  std::vector<Server::Admission> held_;
  int asked_ = 0;
};

TEST_F(Strangers, a_session_ends_at_its_deadline_whatever_its_peer_tries_meanwhile) {
  ServerOptions options;
  options.connect_timeout = 300ms;
  options.max_refusals = 1'000'000;
  serve(options);
  const auto began = std::chrono::steady_clock::now();
  const std::string session = open();
  // Each refused CONNECT used to begin the time anew.
  while (connect(session, "wrong")) {
    ASSERT_LT(std::chrono::steady_clock::now() - began, 20s) << "it lives for ever";
  }
  EXPECT_GE(std::chrono::steady_clock::now() - began, 300ms);
  EXPECT_EQ(stats().not_admitted_in_time, 1U);
}

TEST_F(Strangers, a_look_up_that_takes_long_does_not_stretch_the_deadline) {
  ServerOptions options;
  options.connect_timeout = 200ms;
  serve(options);
  const std::string session = open();
  EXPECT_TRUE(connect(session, "slow"));
  EXPECT_TRUE(eventually([&] { return !alive(session); }));
}

TEST_F(Strangers, after_three_refused_connects_a_session_is_over) {
  serve({});
  const std::string session = open();
  EXPECT_TRUE(connect(session, "wrong"));
  EXPECT_TRUE(connect(session, "wrong"));
  EXPECT_TRUE(alive(session));
  EXPECT_TRUE(connect(session, "wrong")) << "and still told so, with its next poll";
  EXPECT_FALSE(alive(session));
  EXPECT_THAT(ask("GET", session), HasSubstr("unauthorized"));
  const std::string other = open();
  for (int i = 0; i < 3; ++i) ask("POST", other, "40/nowhere,");
  EXPECT_FALSE(alive(other));
  EXPECT_EQ(stats().connects_refused, 6U);
  EXPECT_EQ(stats().refused_too_often, 2U);
}

TEST_F(Strangers, pairs_of_connect_and_disconnect_cost_one_look_up_and_the_session) {
  serve({});
  const std::string session = open();
  std::string body;
  for (int i = 0; i < 20; ++i) {
    body += (i > 0 ? "\x1e" : "") + std::string("40/stream,{\"token\":\"slow\"}\x1e") + "41/stream,";
  }
  ASSERT_LT(body.size(), 1024U);
  ask("POST", session, body);
  EXPECT_EQ(asked(), 1);
  EXPECT_FALSE(alive(session));
}

TEST_F(Strangers, a_second_connect_waits_for_the_answer_to_the_first) {
  serve({});
  loop_.run_sync([&] {
    server_->open_namespace("/other",
                            [&](const Server::Admission& a) { inside_.push_back(a.accept()); });
  });
  const std::string session = open();
  ask("POST", session, "40/stream,{\"token\":\"slow\"}\x1e" "40/other,");
  loop_.run_sync([&] {
    EXPECT_TRUE(inside_.empty());
    ASSERT_EQ(held_.size(), 1U);
    inside_.push_back(held_.front().accept());
    held_.clear();
  });
  const std::string both = ask("GET", session);
  EXPECT_THAT(both, HasSubstr("40/stream,{\"sid\""));
  EXPECT_THAT(both, HasSubstr("40/other,{\"sid\""));
}

TEST_F(Strangers, the_oldest_of_whoever_has_most_gives_way_and_who_was_let_in_never_does) {
  ServerOptions options;
  options.max_strangers = 10;
  options.max_strangers_per_address = 8;
  serve(options);
  const std::string inside = open();
  connect(inside, "right");
  std::vector<std::string> sessions;
  for (int i = 0; i < 100; ++i) {
    sessions.push_back(open("127.0.0.1"));
    EXPECT_FALSE(sessions.back().empty());
    if (i % 25 == 24) {
      const std::string other = open("127.0.0.2");
      EXPECT_TRUE(alive(other));
      EXPECT_TRUE(connect(other, "right"));
    }
  }
  EXPECT_LE(stats().strangers, 10U);
  EXPECT_FALSE(alive(sessions.front()));
  EXPECT_TRUE(alive(sessions.back()));
  EXPECT_TRUE(alive(inside));
  EXPECT_GE(stats().gave_way, 90U);
}

TEST_F(Strangers, sessions_that_only_wait_for_their_last_poll_take_no_place_of_their_own) {
  ServerOptions options;
  options.max_strangers = 4;
  options.max_refusals = 1;
  serve(options);
  for (int i = 0; i < 30; ++i) {
    const std::string session = open();
    ASSERT_FALSE(session.empty());
    connect(session, "wrong");
    EXPECT_FALSE(alive(session));
  }
  EXPECT_LE(stats().sessions, 4U);
}

TEST_F(Strangers, a_reserved_peer_gets_in_when_all_places_are_taken_and_is_not_taken_for_one) {
  ServerOptions options;
  options.max_strangers = 4;
  options.max_strangers_per_address = 4;
  options.max_sessions = 2;
  options.reserved = [](const net::HttpRequest& request) {
    return request.headers.get("Authorization") == "Bearer media";
  };
  serve(options);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(connect(open(), "right"));
  EXPECT_TRUE(open().empty()) << "as many are inside as may be";
  EXPECT_EQ(stats().too_many_sessions, 1U);
  const std::string media = open("127.0.0.1", "Authorization: Bearer media\r\n");
  ASSERT_FALSE(media.empty());
  EXPECT_EQ(stats().strangers, 0U);
  EXPECT_TRUE(connect(media, "right"));
}

TEST_F(Strangers, who_was_not_let_in_may_send_little_at_once) {
  ServerOptions options;
  options.stranger_payload = 1024;
  serve(options);
  const std::string large = "42/stream,[\"x\",\"" + std::string(4000, 'x') + "\"]";
  const std::string refused = open();
  EXPECT_THAT(ask("POST", refused, large), StartsWith("HTTP/1.1 413"));
  EXPECT_FALSE(alive(refused)) << "what it sends next would be out of order";

  const std::string inside = open();
  connect(inside, "right");
  EXPECT_THAT(ask("POST", inside, large), StartsWith("HTTP/1.1 200"));
  loop_.run_sync([&] { inside_.back()->limit_payload(2000); });
  EXPECT_THAT(ask("POST", inside, large), StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(stats().too_large, 2U);
}

TEST_F(Strangers, the_same_holds_for_messages_of_a_web_socket) {
  ServerOptions options;
  options.stranger_payload = 100;
  serve(options);
  RawPeer refused(http_->port(), kWebSocket);
  refused.receive();
  refused.send_text("42/stream,[\"x\",\"" + std::string(100, 'x') + "\"]");
  EXPECT_TRUE(refused.receive().closed);

  RawPeer inside(http_->port(), kWebSocket);
  inside.receive();
  inside.send_text("40/stream,{\"token\":\"right\"}");
  EXPECT_THAT(inside.receive().data, StartsWith("40/stream,"));
  inside.send_text("42/stream,7[\"x\",\"" + std::string(100, 'x') + "\"]");
  EXPECT_THAT(inside.receive().data, StartsWith("43/stream,7"));
}

TEST_F(Strangers, a_client_of_an_older_protocol_is_told_so_in_words) {
  serve({});
  const std::string answer = ask("GET", "/socket.io/?EIO=3&transport=polling");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("this server speaks Engine.IO 4; use socket.io-client 3 or later"));
  EXPECT_EQ(stats().other_protocol, 1U);
}

}  // namespace
}  // namespace surveillx::socketio
