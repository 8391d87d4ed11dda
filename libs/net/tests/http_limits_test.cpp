// What strangers can take from a server, and what they cannot: connections, descriptors, bodies,
// time.
#include "surveillx/net/http_server.hpp"

#include "net_fixture.hpp"

#include <deque>
#include <sys/resource.h>
#include <thread>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;

constexpr const char* kHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

class HttpLimitsTest : public NetTest {
 protected:
  HttpLimitsTest() {
    router_->add("GET", "/hello", [](const HttpRequest&, const HttpResponder& respond) {
      respond(HttpResponse::text(200, "hello"));
    });
    router_->add("GET", "/sign-in", [](const HttpRequest& request, const HttpResponder& respond) {
      request.admit();
      respond(HttpResponse::text(200, "hello"));
    });
    add_size();
    router_->add_upgrade(
        "/ws", [](const Router::Upgrade& upgrade) { upgrade.accept([](const WebSocketPtr&) {}); });
  }
  ~HttpLimitsTest() override { server_.reset(); }

  /// Whether another address than the flood's gets an answer on a new connection.
  bool another_address_is_answered() {
    RawSocket other(server_->port(), "127.0.0.2");
    other.send(kHello);
    return other.read_until("hello").find("200 OK") != std::string::npos;
  }
  void flood(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      flood_.push_back(std::make_unique<RawSocket>(server_->port()));
    }
  }
  void add_size(BodyGate gate = nullptr) {
    RouteLimits limits;
    limits.gate = std::move(gate);
    router_->add(
        "POST", "/size",
        [](const HttpRequest& request, const HttpResponder& respond) {
          respond(HttpResponse::text(200, "size " + std::to_string(request.body.size())));
        },
        std::move(limits));
  }

  std::deque<std::unique_ptr<RawSocket>> flood_;
};

TEST_F(HttpLimitsTest, one_address_that_opens_connection_after_connection_leaves_room_for_others) {
  ListenOptions options;
  options.max_connections = 40;
  listen(options);
  for (int round = 0; round < 5; ++round) {
    flood(60);
    EXPECT_TRUE(another_address_is_answered());
    EXPECT_LE(server_->connection_count(), 40U);
  }
  EXPECT_GT(server_->stats().gave_way, 200U);
}

TEST_F(HttpLimitsTest, requests_that_never_end_give_way_too) {
  ListenOptions options;
  options.max_connections = 40;
  options.max_connections_per_address = 40;
  listen(options);
  for (int i = 0; i < 100; ++i) {
    flood(1);
    flood_.back()->send("GET /hello HTTP/1.1\r\nX-Slow: 1\r\n");
  }
  EXPECT_TRUE(another_address_is_answered());
}

TEST_F(HttpLimitsTest, who_was_let_in_keeps_the_connection_while_strangers_flood) {
  ListenOptions options;
  options.max_connections = 20;
  options.max_connections_per_address = 20;
  listen(options);
  RawSocket known(server_->port());
  known.send("GET /sign-in HTTP/1.1\r\nHost: a\r\n\r\n");
  known.read_until("hello");
  flood(100);
  EXPECT_TRUE(another_address_is_answered());
  known.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_NE(known.read_until("size 2").find("size 2"), std::string::npos);
}

TEST_F(HttpLimitsTest, the_bound_by_address_is_not_for_a_peer_that_speaks_for_many) {
  ListenOptions options;
  options.max_connections = 40;
  options.max_connections_per_address = 4;
  options.trusted_proxies = {"127.0.0.1"};
  listen(options);
  flood(30);
  for (const auto& socket : flood_) {
    socket->send(kHello);
    EXPECT_NE(socket->read_until("hello").find("200 OK"), std::string::npos);
  }
  EXPECT_EQ(server_->stats().gave_way, 0U);
}

/// While it lives the process has no free descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::dup(0);
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(lowest_free) + 64;
    setrlimit(RLIMIT_NOFILE, &low);
    fillers_.push_back(lowest_free);
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) fillers_.push_back(fd);
  }
  ~NoDescriptors() {
    for (const int fd : fillers_) ::close(fd);
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
  std::vector<int> fillers_;
};

TEST_F(HttpLimitsTest, without_a_free_descriptor_a_strangers_idle_connection_gives_its_own) {
  listen();
  flood(10);
  ASSERT_TRUE(eventually([&] { return server_->connection_count() == 10; }));
  // The test's own end of each connection needs one too: taken while there are some.
  std::vector<std::unique_ptr<RawSocket>> unconnected;
  for (int i = 0; i < 3; ++i) {
    unconnected.push_back(std::make_unique<RawSocket>(RawSocket::Unconnected{}));
  }
  const NoDescriptors none;
  for (const auto& socket : unconnected) {
    socket->connect(server_->port(), "127.0.0.2");
    socket->send(kHello);
    EXPECT_NE(socket->read_until("hello").find("200 OK"), std::string::npos);
  }
  EXPECT_GE(server_->stats().gave_way, 3U);
}

TEST_F(HttpLimitsTest, without_a_free_descriptor_and_nobody_to_give_way_newcomers_are_closed) {
  listen();
  std::vector<std::unique_ptr<RawSocket>> known;
  for (int i = 0; i < 5; ++i) {
    known.push_back(std::make_unique<RawSocket>(server_->port()));
    known.back()->send("GET /sign-in HTTP/1.1\r\nHost: a\r\n\r\n");
    known.back()->read_until("hello");
  }
  RawSocket newcomer{RawSocket::Unconnected{}};
  const NoDescriptors none;
  newcomer.connect(server_->port(), "127.0.0.2");
  EXPECT_EQ(newcomer.read_all(), "") << "told by the end of the connection, not by silence";
  EXPECT_EQ(server_->stats().no_descriptor, 1U);
  known.front()->send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_NE(known.front()->read_until("size 2").find("size 2"), std::string::npos);
}

TEST_F(HttpLimitsTest, a_head_that_trickles_is_given_up_while_a_slow_steady_body_is_not) {
  ListenOptions options;
  options.header_timeout = 200ms;
  options.request_timeout = 3s;
  options.min_body_bytes_per_second = 1;
  options.max_body_bytes = 1000;
  listen(options);
  RawSocket slow(server_->port());
  slow.send("GET /hello HTTP/1.1\r\n");
  EXPECT_TRUE(slow.read_all().starts_with("HTTP/1.1 408"));

  // A byte earns a second: this may take longer than a request that sends nothing.
  RawSocket steady(server_->port());
  const auto begin = std::chrono::steady_clock::now();
  steady.send(
      "POST /size HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n");
  steady.read_until("100 Continue");
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(steady.send("0123456789"));
    if (i == 3) break;
    EXPECT_FALSE(eventually([&] { return server_->connection_count() == 0; }, 1'200ms));
  }
  EXPECT_GT(std::chrono::steady_clock::now() - begin, options.request_timeout);
  EXPECT_NE(steady.read_until("size 40").find("size 40"), std::string::npos);
}

TEST_F(HttpLimitsTest, a_body_that_trickles_below_the_lowest_rate_is_given_up) {
  ListenOptions options;
  options.request_timeout = 300ms;
  options.min_body_bytes_per_second = 1'000'000'000;
  options.max_body_bytes = 1'000'000'000;
  listen(options);
  RawSocket socket(server_->port());
  socket.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  std::string answer;
  std::thread trickle([&] {
    while (socket.send("x")) std::this_thread::yield();
  });
  answer = socket.read_until("408");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408")) << answer;
  server_.reset();
  trickle.join();
}

TEST_F(HttpLimitsTest, a_body_over_the_usual_limit_is_refused_before_it_is_sent) {
  ListenOptions options;
  options.max_body_bytes = 16;
  listen(options);
  EXPECT_TRUE(exchange("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(exchange("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(exchange("POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "10\r\n0123456789abcdef\r\n1\r\n")
                  .starts_with("HTTP/1.1 413"));
  RawSocket fits(server_->port());
  fits.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n0123456789abcdef");
  EXPECT_NE(fits.read_until("size 16").find("size 16"), std::string::npos);
  EXPECT_EQ(server_->stats().body_too_large, 3U);
}

TEST_F(HttpLimitsTest, a_gate_decides_by_the_head_how_much_a_route_takes_and_from_whom) {
  std::thread answering;
  std::atomic<int> asked{0};
  add_size([&](const HttpRequest& head, std::function<void(BodyVerdict)> decide) {
    ++asked;
    EXPECT_TRUE(head.body.empty());
    const bool known = head.headers.get("Authorization") == "Bearer right";
    if (answering.joinable()) answering.join();
    answering = std::thread([known, decide = std::move(decide)] {
      if (known) return decide({100, std::nullopt});
      decide({0, HttpResponse::problem(401, "unauthorized", "Who are you?")});
    });
  });
  ListenOptions options;
  options.max_body_bytes = 4;
  listen(options);
  const std::string head = "POST /size HTTP/1.1\r\nHost: a\r\n";
  const std::string right = head + "Authorization: Bearer right\r\n";
  EXPECT_TRUE(exchange(head + "Content-Length: 5\r\n\r\n").starts_with("HTTP/1.1 401"))
      << "before a byte of the body";
  EXPECT_TRUE(exchange(right + "Content-Length: 101\r\n\r\n").starts_with("HTTP/1.1 413"));
  EXPECT_EQ(asked, 2);

  RawSocket socket(server_->port());
  socket.send(right + "Content-Length: 100\r\n\r\n" + std::string(100, 'x'));
  EXPECT_NE(socket.read_until("size 100").find("size 100"), std::string::npos);
  socket.send(head + "Content-Length: 4\r\n\r\nxxxx");
  EXPECT_NE(socket.read_until("size 4").find("size 4"), std::string::npos) << "small: nobody asks";
  EXPECT_EQ(asked, 3);
  socket.send(right + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_NE(socket.read_until("100 Continue").find("100 Continue"), std::string::npos);
  socket.send("xxxxx");
  EXPECT_NE(socket.read_until("size 5").find("size 5"), std::string::npos);
  socket.send(right + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_NE(socket.read_until("size 3").find("size 3"), std::string::npos);
  EXPECT_TRUE(exchange(right + "Transfer-Encoding: chunked\r\n\r\n" + "65\r\n" +
                       std::string(101, 'x') + "\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  server_.reset();
  answering.join();
}

TEST_F(HttpLimitsTest, a_gate_that_never_answers_does_not_hold_the_connection_for_ever) {
  add_size([](const HttpRequest&, const std::function<void(BodyVerdict)>&) {});
  ListenOptions options;
  options.max_body_bytes = 4;
  listen(options);
  EXPECT_TRUE(exchange("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
                  .starts_with("HTTP/1.1 500"));
}

}  // namespace
}  // namespace surveillx::net
