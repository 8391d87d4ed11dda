#include "net_fixture.hpp"

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;

class HttpClientTest : public NetTest {
 protected:
  HttpClientTest() {
    router_->add("GET", "/hello", [](const HttpRequest&, const HttpResponder& respond) {
      respond(HttpResponse::text(200, "hello"));
    });
    router_->add("POST", "/echo", [](HttpRequest request, const HttpResponder& respond) {
      HttpResponse response = HttpResponse::text(201, std::move(request.body));
      response.headers.add("X-Query", std::string(request.query_value("q")));
      response.headers.add("X-Sent", std::string(request.headers.get("X-Sent")));
      respond(std::move(response));
    });
    router_->add("GET", "/keep", [this](const HttpRequest&, HttpResponder respond) {
      kept_.push_back(std::move(respond));
    });
  }
  ~HttpClientTest() override {
    server_.reset();  // Its routes use what stands below.
    on_loop([&] { kept_.clear(); });
  }
  std::vector<HttpResponder> kept_;  ///< Loop only.
};

TEST_F(HttpClientTest, posts_and_reads_the_answer) {
  listen();
  ClientRequest post = to("/echo?q=a%20b");
  post.method = "POST";
  post.headers.add("X-Sent", "yes");
  post.body = SharedBytes(std::string(500'000, 'b'));
  const auto answer = request(post);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body.size(), 500'000U);
  EXPECT_EQ(answer->headers.get("X-Query"), "a b");
  EXPECT_EQ(answer->headers.get("X-Sent"), "yes");
}

TEST_F(HttpClientTest, reuses_its_connection) {
  listen();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/hello")->status, 200);
  ClientRequest head = to("/hello");
  head.method = "HEAD";
  const auto answer = request(head);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->body.empty());
  EXPECT_EQ(get("/hello")->body.text(), "hello");
  EXPECT_EQ(server_->stats().connections, 1U);
}

TEST_F(HttpClientTest, requests_in_parallel_do_not_wait_for_each_other) {
  listen();
  std::promise<Result<HttpResponse>> polled;
  on_loop([&] {
    client_ = std::make_unique<HttpClient>(loop_);
    client_->request(to("/keep"), [&](Result<HttpResponse> r) { polled.set_value(std::move(r)); });
  });
  EXPECT_EQ(get("/hello")->status, 200) << "while a GET is pending";
  on_loop([&] {
    ASSERT_EQ(kept_.size(), 1U);
    kept_[0](HttpResponse::text(200, "polled"));
  });
  EXPECT_EQ(polled.get_future().get()->body.text(), "polled");
  EXPECT_EQ(server_->stats().connections, 2U);
}

TEST_F(HttpClientTest, goes_on_after_the_server_closed_a_kept_connection) {
  ListenOptions options;
  options.keep_alive_timeout = 20ms;
  listen(options);
  EXPECT_EQ(get("/hello")->status, 200);
  ASSERT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
  EXPECT_EQ(get("/hello")->status, 200);
  EXPECT_EQ(server_->stats().connections, 2U);
}

TEST_F(HttpClientTest, goes_on_with_another_server_at_the_same_address) {
  listen();
  EXPECT_EQ(get("/hello")->status, 200);
  ListenOptions same;
  same.address = "127.0.0.1:" + std::to_string(server_->port());
  server_.reset();
  listen(same);
  EXPECT_EQ(get("/hello")->status, 200);
}

TEST_F(HttpClientTest, gives_up_when_the_time_is_over) {
  listen();
  ClientRequest slow = to("/keep");
  slow.timeout = 50ms;
  const auto answer = request(slow);
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is(kTimeout));
  EXPECT_TRUE(eventually([&] { return server_->connection_count() <= 1; }));
  EXPECT_EQ(get("/hello")->status, 200);
}

TEST_F(HttpClientTest, an_answer_over_the_limit_is_refused) {
  listen();
  ClientRequest post = to("/echo");
  post.method = "POST";
  post.body = SharedBytes(std::string(1000, 'b'));
  post.max_body_bytes = 999;
  const auto answer = request(post);
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is(kUnavailable));
}

TEST_F(HttpClientTest, failures_are_named_and_told_later) {
  listen();
  const std::string dead = url("/");
  server_.reset();
  for (const auto& [address, name] :
       {std::pair{dead, kConnectFailed}, std::pair{std::string("nonsense"), kBadUrl},
        std::pair{std::string("http://no-such-host.invalid/"), kConnectFailed}}) {
    ClientRequest bad;
    bad.url = address;
    const auto answer = request(bad);
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().is(name)) << answer.error().message;
  }
  ClientRequest split;
  split.url = dead;
  split.headers.add("X-A", "b\r\nX-C: d");
  EXPECT_TRUE(request(split).error().is(kInvalidArgument));
  bool inside = true;
  bool called_inside = false;
  std::promise<void> called;
  on_loop([&] {
    client_->request(split, [&](const Result<HttpResponse>&) {
      called_inside = inside;
      called.set_value();
    });
    inside = false;
  });
  called.get_future().wait();
  EXPECT_FALSE(called_inside);
}

TEST_F(HttpClientTest, destroying_it_answers_what_is_pending) {
  listen();
  std::promise<Result<HttpResponse>> pending;
  on_loop([&] {
    client_ = std::make_unique<HttpClient>(loop_);
    client_->request(to("/keep"), [&](Result<HttpResponse> r) { pending.set_value(std::move(r)); });
  });
  ASSERT_TRUE(eventually([&] {
    std::size_t kept = 0;
    on_loop([&] { kept = kept_.size(); });
    return kept == 1;
  }));
  on_loop([&] { client_.reset(); });
  const auto answer = pending.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is(kUnavailable));
  EXPECT_TRUE(eventually([&] { return server_->connection_count() <= 1; }));
}

TEST_F(HttpClientTest, the_client_may_be_destroyed_by_its_own_callback) {
  listen();
  std::promise<int> answered;
  on_loop([&] {
    client_ = std::make_unique<HttpClient>(loop_);
    client_->request(to("/hello"), [&](const Result<HttpResponse>& r) {
      client_.reset();
      answered.set_value(r->status);
    });
  });
  EXPECT_EQ(answered.get_future().get(), 200);
}

TEST_F(HttpClientTest, foreign_answers_are_understood) {
  struct Case {
    std::string bytes;
    int status;
    std::string body;
  };
  const std::vector<Case> cases{
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
       "u\r\n\r\n",
       200, "abcde"},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"},
      {"HTTP/1.0 404 Nope\r\nContent-Length: 2\r\n\r\nno", 404, "no"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
       "HTTP/1.1 204 No Content\r\n\r\n",
       204, ""},
      {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302, ""},
  };
  for (const Case& expected : cases) {
    ScriptedServer server({expected.bytes});
    ClientRequest get;
    get.url = server.url();
    const auto answer = request(get);
    ASSERT_TRUE(answer) << answer.error().message << expected.bytes;
    EXPECT_EQ(answer->status, expected.status);
    EXPECT_EQ(answer->body.text(), expected.body);
  }
}

TEST_F(HttpClientTest, broken_answers_are_unavailable) {
  for (const char* bytes :
       {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    ScriptedServer server({bytes});
    ClientRequest get;
    get.url = server.url();
    const auto answer = request(get);
    ASSERT_FALSE(answer) << bytes;
    EXPECT_TRUE(answer.error().is(kUnavailable)) << answer.error().message;
  }
}

}  // namespace
}  // namespace surveillx::net
