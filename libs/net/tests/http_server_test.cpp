#include "surveillx/net/http_server.hpp"

#include "net_fixture.hpp"

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

class HttpServerTest : public NetTest {
 protected:
  HttpServerTest() {
    router_->add("GET", "/hello", [](const HttpRequest&, const HttpResponder& respond) {
      respond(HttpResponse::text(200, "hello"));
    });
    router_->add("POST", "/echo", [](HttpRequest request, const HttpResponder& respond) {
      respond(HttpResponse::text(200, std::move(request.body)));
    });
    router_->add("GET", "/keep", [this](const HttpRequest&, HttpResponder respond) {
      const std::lock_guard lock(mutex_);
      kept_.push_back(std::move(respond));
    });
  }
  ~HttpServerTest() override { server_.reset(); }  // Its routes use what stands below.
  std::size_t kept() {
    const std::lock_guard lock(mutex_);
    return kept_.size();
  }
  /// Sends `bytes` on a connection of its own and reads until the server closes it.
  std::string exchange(std::string_view bytes) {
    RawSocket socket(server_->port());
    socket.send(bytes);
    std::string answer = socket.read_all();
    EXPECT_TRUE(socket.ended()) << "reset or left open after: " << bytes.substr(0, 60);
    return answer;
  }

  std::mutex mutex_;
  std::vector<HttpResponder> kept_;
};

TEST_F(HttpServerTest, answers_with_default_headers_and_keeps_the_connection) {
  router_->set_default_header("X-Frame-Options", "DENY");
  listen();
  RawSocket socket(server_->port());
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string first = socket.read_until("hello");
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(first.find("X-Frame-Options: DENY\r\n"), std::string::npos);
  EXPECT_NE(first.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(first.find("Date: "), std::string::npos);
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = socket.read_all();
  EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 2U);
  EXPECT_EQ(count_of(all, "Connection: close"), 1U);
  EXPECT_TRUE(socket.ended());
  EXPECT_EQ(server_->stats().connections, 1U);
  EXPECT_EQ(server_->stats().requests, 2U);
}

TEST_F(HttpServerTest, pipelined_requests_are_answered_one_after_another) {
  listen();
  const std::string answer = exchange(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
      "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\ntw\r\n1;ext=1\r\no\r\n0\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(count_of(answer, "HTTP/1.1 200 OK"), 3U);
  const std::size_t one = answer.find("\r\n\r\none");
  const std::size_t two = answer.find("\r\n\r\ntwo");
  const std::size_t three = answer.find("\r\n\r\nhello");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(three, std::string::npos);
}

TEST_F(HttpServerTest, head_has_the_length_but_no_body) {
  listen();
  const std::string answer =
      exchange("HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, http_1_0_is_closed_unless_it_asks_otherwise) {
  listen();
  EXPECT_NE(exchange("GET /hello HTTP/1.0\r\n\r\n").find("Connection: close"), std::string::npos);
  RawSocket socket(server_->port());
  socket.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(socket.read_until("hello").find("Connection: keep-alive"), std::string::npos);
}

TEST_F(HttpServerTest, a_client_that_expects_100_continue_gets_it) {
  listen();
  RawSocket socket(server_->port());
  socket.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(socket.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("body");
  EXPECT_NE(socket.read_until("\r\n\r\nbody").find("HTTP/1.1 200 OK"), std::string::npos);
}

struct BadRequest {
  const char* name;
  const char* bytes;
  int status;
};

class Malformed : public HttpServerTest, public ::testing::WithParamInterface<BadRequest> {};

TEST_P(Malformed, is_answered_and_closed) {
  listen();
  const std::string answer = exchange(GetParam().bytes);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(GetParam().status))) << answer;
  EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
  EXPECT_EQ(server_->stats().malformed, 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, Malformed,
    ::testing::Values(
        BadRequest{"noise", "\x16\x03\x01\x02\x05\x01\x05garbage\r\n\r\n", 400},
        BadRequest{"no_version", "GET /hello\r\n\r\n", 400},
        BadRequest{"version", "GET /hello HTTP/1.7\r\nHost: a\r\n\r\n", 400},
        BadRequest{"no_host", "GET /hello HTTP/1.1\r\n\r\n", 400},
        BadRequest{"two_hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        BadRequest{"space_in_name", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        BadRequest{"bad_length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
                   400},
        BadRequest{"two_lengths",
                   "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                   "Content-Length: 2\r\n\r\nab",
                   400},
        BadRequest{"length_and_chunked",
                   "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   400},
        BadRequest{"coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
                   501},
        BadRequest{"bad_chunk",
                   "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                   400},
        BadRequest{"outside_root", "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"encoded_nul", "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(HttpServerTest, a_header_over_the_limit_is_431) {
  ListenOptions options;
  options.max_header_bytes = 1024;
  listen(options);
  const std::string answer =
      exchange("GET /hello HTTP/1.1\r\nHost: a\r\nX-Big: " + std::string(4000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ")) << answer;
  EXPECT_EQ(server_->stats().header_too_large, 1U);
}

TEST_F(HttpServerTest, a_body_over_the_limit_is_413_even_while_it_is_being_sent) {
  ListenOptions options;
  options.max_body_bytes = 1000;
  listen(options);
  const std::string big(200'000, 'x');
  EXPECT_TRUE(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + big)
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "30d40\r\n" +
                       big)
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                       "Content-Length: 2000\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(server_->stats().body_too_large, 3U);
}

TEST_F(HttpServerTest, a_body_of_exactly_the_limit_is_taken) {
  ListenOptions options;
  options.max_body_bytes = 100'000;
  listen(options);
  ClientRequest post = to("/echo");
  post.method = "POST";
  post.body = SharedBytes(std::string(100'000, 'x'));
  const auto answer = request(post);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.size(), 100'000U);
}

TEST_F(HttpServerTest, a_slow_request_is_408) {
  ListenOptions options;
  options.request_timeout = 50ms;
  listen(options);
  EXPECT_TRUE(exchange("GET /hello HTTP/1.1\r\nHost:").starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
                  .starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(server_->stats().timed_out, 2U);
}

TEST_F(HttpServerTest, idle_connections_are_closed_without_a_word) {
  ListenOptions options;
  options.request_timeout = 50ms;
  options.keep_alive_timeout = 50ms;
  listen(options);
  EXPECT_EQ(exchange(""), "");
  EXPECT_TRUE(exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("hello"));
  EXPECT_EQ(server_->stats().timed_out, 0U);
}

TEST_F(HttpServerTest, waiting_for_the_handler_has_no_limit_of_its_own) {
  ListenOptions options;
  options.request_timeout = 20ms;
  options.keep_alive_timeout = 20ms;
  listen(options);
  RawSocket socket(server_->port());
  socket.send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return kept() == 1; }));
  // Another connection's time limit passes meanwhile.
  EXPECT_TRUE(exchange("GET /hello HTTP/1.1\r\nHost:").starts_with("HTTP/1.1 408 "));
  kept_[0](HttpResponse::text(200, "late"));
  EXPECT_NE(socket.read_until("late").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, a_responder_may_be_called_on_another_thread) {
  listen();
  RawSocket socket(server_->port());
  socket.send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return kept() == 1; }));
  std::thread([&] {
    kept_[0](HttpResponse::text(201, "from a thread"));
    kept_[0](HttpResponse::text(200, "a second answer"));
  }).join();
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = socket.read_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 201 Created"));
  EXPECT_EQ(all.find("a second answer"), std::string::npos);
  EXPECT_TRUE(all.ends_with("hello"));
}

TEST_F(HttpServerTest, a_dropped_responder_answers_500) {
  router_->add("GET", "/drop", [](const HttpRequest&, const HttpResponder&) {});
  router_->add("GET", "/throw", [](const HttpRequest&, const HttpResponder&) {
    throw std::runtime_error("expected by a test");
  });
  listen();
  for (const char* path : {"/drop", "/throw"}) {
    const auto answer = get(path);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 500);
  }
}

TEST_F(HttpServerTest, a_client_that_leaves_before_the_answer_is_no_error) {
  listen();
  for (const bool abruptly : {false, true}) {
    kept_.clear();
    {
      RawSocket socket(server_->port());
      socket.send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
      ASSERT_TRUE(eventually([&] { return kept() == 1; }));
      if (abruptly) socket.reset();
    }
    kept_[0](HttpResponse::text(200, std::string(1'000'000, 'x')));
  }
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
  const auto answer = get("/hello");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(HttpServerTest, a_handler_that_asks_is_told_when_nobody_waits_any_more) {
  std::atomic<int> abandoned{0};
  router_->add("GET", "/poll", [&](const HttpRequest& request, HttpResponder respond) {
    request.watch->on_abandoned = [&] { ++abandoned; };
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(respond));
  });
  listen();
  RawSocket stays(server_->port());
  stays.send("GET /poll HTTP/1.1\r\nHost: a\r\n\r\n");
  {
    RawSocket leaves(server_->port());
    leaves.send("GET /poll HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return kept() == 2; }));
  }
  EXPECT_TRUE(eventually([&] { return abandoned == 1; }));
  // A request that comes early is not the end, and not lost.
  stays.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  for (const HttpResponder& respond : kept_) respond(HttpResponse::text(200, "polled"));
  const std::string all = stays.read_all();
  EXPECT_LT(all.find("polled"), all.find("hello"));
  EXPECT_TRUE(all.ends_with("hello"));
  EXPECT_EQ(abandoned, 1);
  server_.reset();
}

TEST_F(HttpServerTest, a_watched_request_in_a_pipeline_keeps_the_bytes_behind_it) {
  router_->add("GET", "/poll", [](const HttpRequest& request, const HttpResponder& respond) {
    request.watch->on_abandoned = [] {};
    respond(HttpResponse::text(200, "polled"));
  });
  listen();
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /poll HTTP/1.1\r\nHost: a\r\n\r\n";
  requests += "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbo";
  RawSocket socket(server_->port());
  socket.send(requests);
  socket.read_until("polled");
  socket.send("dy");
  const std::string all = socket.read_all();
  EXPECT_EQ(count_of(all, "polled"), 50U);
  EXPECT_TRUE(all.ends_with("body"));
}

TEST_F(HttpServerTest, a_head_observer_sees_a_request_whose_body_is_still_arriving) {
  std::atomic<int> seen{0};
  std::atomic<int> abandoned{0};
  router_->add_head_observer("/echo", [&](const HttpRequest& request) {
    request.watch->on_abandoned = [&] { ++abandoned; };
    ++seen;
  });
  listen();
  {
    RawSocket socket(server_->port());
    socket.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    ASSERT_TRUE(eventually([&] { return seen == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return abandoned == 1; }));
  server_.reset();
}

TEST_F(HttpServerTest, blocking_handlers_run_on_the_pool) {
  WorkerPool pool("pool", 2, 10);
  std::atomic<bool> on_loop{true};
  router_->add_blocking("GET", "/jobs/{n}", pool, [&](const HttpRequest& request) {
    on_loop = loop_.in_loop();
    return HttpResponse::text(200, "worked " + request.params.at("n"));
  });
  router_->add_blocking("GET", "/fail", pool, [](const HttpRequest&) -> HttpResponse {
    throw std::runtime_error("expected by a test");
  });
  listen();
  const auto answer = get("/jobs/7");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.text(), "worked 7");
  EXPECT_FALSE(on_loop);
  EXPECT_EQ(get("/fail")->status, 500);
  server_.reset();
}

TEST_F(HttpServerTest, connections_over_the_limit_get_503_when_nobody_can_give_way) {
  router_->add("GET", "/known", [](const HttpRequest& request, const HttpResponder& respond) {
    request.admit();
    respond(HttpResponse::text(200, "hello"));
  });
  ListenOptions options;
  options.max_connections = 1;
  listen(options);
  auto first = std::make_unique<RawSocket>(server_->port());
  first->send("GET /known HTTP/1.1\r\nHost: a\r\n\r\n");
  first->read_until("hello");
  const std::string refused = exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_EQ(server_->stats().connections_refused, 1U);
  first.reset();
  ASSERT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
  EXPECT_EQ(get("/hello")->status, 200);
}

TEST_F(HttpServerTest, a_handler_cannot_split_the_response) {
  router_->add("GET", "/split", [](const HttpRequest&, const HttpResponder& respond) {
    HttpResponse response = HttpResponse::text(200, "body");
    response.headers.add("X-Bad", "a\r\nSet-Cookie: b=c");
    response.headers.add("Content-Length", "99");
    respond(std::move(response));
  });
  listen();
  const auto answer = get("/split");
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->headers.has("X-Bad"));
  EXPECT_FALSE(answer->headers.has("Set-Cookie"));
  EXPECT_EQ(answer->body.text(), "body");
}

TEST_F(HttpServerTest, a_port_in_use_is_named) {
  listen();
  ListenOptions same;
  same.address = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = HttpServer::listen(loop_, router_, same);
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().is(kPortInUse));
  EXPECT_NE(second.error().message.find(std::to_string(server_->port())), std::string::npos);
}

TEST_F(HttpServerTest, bad_addresses_are_named) {
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:80",
                          "192.0.2.1:0", "no-such-host.invalid:0"}) {
    ListenOptions options;
    options.address = bad;
    const auto server = HttpServer::listen(loop_, router_, options);
    ASSERT_FALSE(server) << bad;
    EXPECT_TRUE(server.error().is(kBadAddress)) << bad << ": " << server.error().message;
  }
}

TEST_F(HttpServerTest, an_empty_host_listens_for_both_families) {
  ListenOptions options;
  options.address = ":0";
  router_->add("GET", "/address", [](const HttpRequest& request, const HttpResponder& respond) {
    respond(HttpResponse::text(200, request.remote_address));
  });
  listen(options);
  EXPECT_EQ(get("/address")->body.text(), "127.0.0.1") << "not ::ffff:127.0.0.1";
  ClientRequest six;
  six.url = "http://[::1]:" + std::to_string(server_->port()) + "/address";
  if (const auto answer = request(six)) {
    EXPECT_EQ(answer->body.text(), "::1");
  }
}

TEST_F(HttpServerTest, stop_accepting_leaves_open_connections_alone) {
  listen();
  RawSocket socket(server_->port());
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  socket.read_until("hello");
  server_->stop_accepting();
  on_loop([] {});
  EXPECT_THROW(RawSocket{server_->port()}, std::runtime_error);
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(count_of(socket.read_all(), "200 OK"), 2U);
}

TEST_F(HttpServerTest, destroying_it_ends_every_connection_and_outlived_responders_do_nothing) {
  listen();
  RawSocket waiting(server_->port());
  waiting.send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
  RawSocket idle(server_->port());
  ASSERT_TRUE(eventually([&] { return kept() == 1 && server_->connection_count() == 2; }));
  server_.reset();
  EXPECT_EQ(waiting.read_all(), "");
  EXPECT_EQ(idle.read_all(), "");
  kept_[0](HttpResponse::text(200, "too late"));
  on_loop([] {});
}

TEST(HttpServerLifetime, responders_outlive_the_loop) {
  HttpResponder kept;
  HttpResponder dropped;
  {
    EventLoop loop;
    loop.start("test");
    const auto router = std::make_shared<Router>();
    std::atomic<int> count{0};
    router->add("GET", "/keep", [&](const HttpRequest&, HttpResponder respond) {
      (count == 0 ? kept : dropped) = std::move(respond);
      ++count;
    });
    auto server = HttpServer::listen(loop, router, {});
    ASSERT_TRUE(server);
    RawSocket one((*server)->port());
    RawSocket two((*server)->port());
    one.send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
    two.send("GET /keep HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return count == 2; }));
    server->reset();
  }
  kept(HttpResponse::text(200, "too late"));
  dropped = nullptr;
}

}  // namespace
}  // namespace surveillx::net
