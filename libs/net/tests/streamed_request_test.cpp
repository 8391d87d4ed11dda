// Bodies that are handed on as they arrive: what the consumer hears, what the peer is answered, and
// who waits for whom.
#include "surveillx/net/http_server.hpp"

#include "net_fixture.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <variant>
#include <vector>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;
using test_support::TempDir;

/// What sinks heard, for the test's thread.
class Heard {
 public:
  void chunk(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    largest_ = std::max(largest_, bytes.size());
    ++chunks_;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ++ends_;
  }
  void cut(BodyCut why) {
    const std::lock_guard lock(mutex_);
    cuts_.push_back(why);
  }
  void hold(std::function<void()> taken) {
    const std::lock_guard lock(mutex_);
    held_ = std::move(taken);
  }
  [[nodiscard]] std::string bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  [[nodiscard]] std::size_t largest() const {
    const std::lock_guard lock(mutex_);
    return largest_;
  }
  [[nodiscard]] int chunks() const {
    const std::lock_guard lock(mutex_);
    return chunks_;
  }
  [[nodiscard]] int ends() const {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  [[nodiscard]] std::vector<BodyCut> cuts() const {
    const std::lock_guard lock(mutex_);
    return cuts_;
  }
  [[nodiscard]] bool over() const {
    const std::lock_guard lock(mutex_);
    return ends_ > 0 || !cuts_.empty();
  }
  /// Whether there was exactly this end.
  [[nodiscard]] bool was_cut(BodyCut why) const {
    return eventually([&] { return over(); }) && ends() == 0 && cuts() == std::vector{why};
  }
  void release() {
    std::function<void()> taken;
    {
      const std::lock_guard lock(mutex_);
      taken = std::exchange(held_, nullptr);
    }
    if (taken) taken();
  }

 private:
  mutable std::mutex mutex_;
  std::string bytes_;
  std::size_t largest_ = 0;
  int chunks_ = 0;
  int ends_ = 0;
  std::vector<BodyCut> cuts_;
  std::function<void()> held_;
};

/// Writes down what it hears and answers with the size; a test may change what it does.
class TestSink final : public BodySink {
 public:
  TestSink(std::shared_ptr<Heard> heard, HttpResponder respond)
      : heard_(std::move(heard)), respond_(std::move(respond)) {
    on_chunk = [](const std::function<void()>& taken) { taken(); };
    on_end = [this] {
      respond_(HttpResponse::text(200, "size " + std::to_string(heard_->bytes().size())));
    };
  }
  void chunk(SharedBytes bytes, std::function<void()> taken) override {
    heard_->chunk(bytes.text());
    on_chunk(std::move(taken));
  }
  void end() override {
    heard_->end();
    on_end();
  }
  void cut(BodyCut why) override { heard_->cut(why); }

  std::function<void(std::function<void()>)> on_chunk;
  std::function<void()> on_end;

 private:
  std::shared_ptr<Heard> heard_;
  HttpResponder respond_;
};

std::string chunked(std::string_view body, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += size) {
    const std::string_view part = body.substr(at, size);
    char head[20];
    std::snprintf(head, sizeof head, "%zx\r\n", part.size());
    out += head + std::string(part) + "\r\n";
  }
  return out + "0\r\n\r\n";
}

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>('a' + i * 7 % 26 + i / 4096 % 2);
  return text;
}

const std::string kHead = "POST /upload HTTP/1.1\r\nHost: a\r\n";

class StreamedRequestTest : public NetTest {
 protected:
  using Prepare = std::function<void(TestSink&, const HttpResponder&)>;

  StreamedRequestTest() {
    router_->add("GET", "/hello", [](const HttpRequest&, const HttpResponder& respond) {
      respond(HttpResponse::text(200, "hello"));
    });
  }
  ~StreamedRequestTest() override { server_.reset(); }

  /// `/upload`: a sink that `prepare` may change, begun at once.
  void add_upload(Prepare prepare = nullptr, RouteLimits limits = {.max_body_bytes = 100'000'000}) {
    router_->add_streamed(
        "POST", "/upload",
        [this, prepare = std::move(prepare)](const HttpRequest& head, const IncomingBody& body,
                                             const HttpResponder& respond) {
          ++handled_;
          EXPECT_TRUE(head.body.empty());
          auto sink = std::make_shared<TestSink>(heard_, respond);
          if (prepare) prepare(*sink, respond);
          body.read_into(std::move(sink));
        },
        std::move(limits));
  }
  void add_holding_upload() {
    add_upload([heard = heard_](TestSink& sink, const HttpResponder&) {
      sink.on_chunk = [heard](std::function<void()> taken) { heard->hold(std::move(taken)); };
    });
  }
  std::string exchange(std::string_view bytes) {
    RawSocket socket(server_->port());
    socket.send(bytes);
    return socket.read_all();
  }
  void expect_hello() {
    EXPECT_NE(
        exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").find("200 OK"),
        std::string::npos);
  }

  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
  std::atomic<int> handled_{0};
};

TEST_F(StreamedRequestTest, a_body_comes_in_pieces_and_the_next_request_behind_it) {
  add_upload();
  listen();
  const std::string body = text_of(300'000);
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 300000\r\n\r\n" + body +
              "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK"));
  EXPECT_NE(answer.find("size 300000"), std::string::npos);
  EXPECT_NE(answer.find("hello"), std::string::npos);
  EXPECT_TRUE(heard_->bytes() == body);
  EXPECT_GT(heard_->chunks(), 1);
  EXPECT_LE(heard_->largest(), 80U * 1024);
  EXPECT_EQ(heard_->ends(), 1);
  EXPECT_TRUE(heard_->cuts().empty());
  EXPECT_EQ(server_->stats().requests, 2U);
}

TEST_F(StreamedRequestTest, a_chunked_body_comes_without_its_framing) {
  add_upload();
  listen();
  const std::string body = text_of(200'000);
  RawSocket socket(server_->port());
  socket.send(kHead + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 1000) +
              "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  EXPECT_NE(answer.find("size 200000"), std::string::npos) << answer;
  EXPECT_NE(answer.find("hello"), std::string::npos);
  EXPECT_TRUE(heard_->bytes() == body);
  EXPECT_EQ(heard_->ends(), 1);
}

TEST_F(StreamedRequestTest, an_empty_body_is_an_end_alone) {
  add_upload();
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 0\r\n\r\n");
  EXPECT_NE(socket.read_until("size 0").find("size 0"), std::string::npos);
  socket.send(kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return heard_->ends() == 2; })) << "on the same connection";
  EXPECT_EQ(heard_->chunks(), 0);
}

TEST_F(StreamedRequestTest, the_handler_knows_the_head_and_the_told_length) {
  router_->add_streamed(
      "PUT", "/files/{name}",
      [](const HttpRequest& head, const IncomingBody& body, const HttpResponder& respond) {
        const std::string length = body.length ? std::to_string(*body.length) : "unknown";
        respond(HttpResponse::text(200, head.params.at("name") + " " + length));
      });
  listen();
  EXPECT_NE(
      exchange("PUT /files/a.zip HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n").find("a.zip 7"),
      std::string::npos);
  EXPECT_NE(exchange("PUT /files/b.zip HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                .find("b.zip unknown"),
            std::string::npos);
}

TEST_F(StreamedRequestTest, nothing_is_read_while_the_sink_holds_a_chunk) {
  constexpr std::size_t kSize = 64 * 1024 * 1024;
  const auto holding = std::make_shared<std::atomic<bool>>(true);
  add_upload([heard = heard_, holding](TestSink& sink, const HttpResponder&) {
    sink.on_chunk = [heard, holding](std::function<void()> taken) {
      if (!*holding) return taken();
      heard->hold(std::move(taken));
    };
  });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: " + std::to_string(kSize) + "\r\n\r\n");
  const std::string block(256 * 1024, 'x');
  std::size_t sent = 0;
  while (sent < kSize) {
    const std::size_t size = std::min(block.size(), kSize - sent);
    const ssize_t n = ::send(socket.fd(), block.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      continue;
    }
    ASSERT_EQ(errno, EAGAIN);
    pollfd writable{socket.fd(), POLLOUT, 0};
    if (::poll(&writable, 1, 500) == 0) break;  // The buffers of both kernels are full.
  }
  EXPECT_LT(sent, kSize);
  EXPECT_EQ(heard_->chunks(), 1);

  *holding = false;
  heard_->release();
  socket.send(std::string(kSize - sent, 'x'));
  const std::string size = "size " + std::to_string(kSize);
  EXPECT_NE(socket.read_until(size).find(size), std::string::npos);
}

TEST_F(StreamedRequestTest, time_for_which_the_sink_holds_a_chunk_is_not_the_peers) {
  add_holding_upload();
  ListenOptions options;
  options.request_timeout = 1s;
  options.min_body_bytes_per_second = 1'000'000'000;
  listen(options);
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
  ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
  EXPECT_FALSE(eventually([&] { return heard_->over(); }, 1'500ms));
  heard_->release();
  socket.send("5678");
  ASSERT_TRUE(eventually([&] { return heard_->chunks() == 2; }));
  heard_->release();
  EXPECT_NE(socket.read_until("size 8").find("size 8"), std::string::npos);
}

TEST_F(StreamedRequestTest, a_peer_that_stops_in_the_middle_is_408_and_the_sink_cut) {
  add_upload();
  ListenOptions options;
  options.request_timeout = 300ms;
  listen(options);
  EXPECT_TRUE(exchange(kHead + "Content-Length: 8\r\n\r\n1234").starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::too_slow));
  EXPECT_EQ(server_->stats().timed_out, 1U);
}

TEST_F(StreamedRequestTest, a_route_may_give_more_time_than_the_server) {
  add_upload(nullptr, {.request_timeout = 20s});
  ListenOptions options;
  options.request_timeout = 300ms;
  listen(options);
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
  EXPECT_FALSE(eventually([&] { return heard_->over(); }, 800ms));
  socket.send("5678");
  EXPECT_NE(socket.read_until("size 8").find("size 8"), std::string::npos);
}

TEST_F(StreamedRequestTest, a_peer_that_vanishes_cuts_the_sink) {
  add_upload();
  listen();
  {
    RawSocket socket(server_->port());
    socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
    ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
    socket.reset();
  }
  EXPECT_TRUE(heard_->was_cut(BodyCut::peer_gone));
}

TEST_F(StreamedRequestTest, a_body_that_ends_too_early_is_cut_and_not_ended) {
  add_upload();
  listen();
  {
    RawSocket socket(server_->port());
    socket.send(kHead + "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n");
    ::shutdown(socket.fd(), SHUT_WR);
    socket.read_all();
  }
  EXPECT_TRUE(heard_->was_cut(BodyCut::peer_gone));
}

TEST_F(StreamedRequestTest, a_server_that_closes_cuts_the_sink_that_holds_a_chunk) {
  add_holding_upload();
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
  ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
  server_.reset();
  EXPECT_TRUE(heard_->was_cut(BodyCut::closing));
  heard_->release();  // Too late, which is no error.
}

TEST_F(StreamedRequestTest, an_answer_in_the_middle_ends_the_request) {
  add_upload([](TestSink& sink, const HttpResponder& respond) {
    sink.on_chunk = [respond](const std::function<void()>& taken) {
      respond(HttpResponse::problem(422, "no_zip", "This is no ZIP file."));
      taken();
    };
  });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 1000000\r\n\r\n" + std::string(100'000, 'x'));
  const std::string answer = socket.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 422")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(socket.ended()) << "a reset could take the answer away";
  EXPECT_TRUE(heard_->was_cut(BodyCut::answered));
}

TEST_F(StreamedRequestTest, a_refusal_by_the_head_reads_nothing_and_lets_nobody_continue) {
  router_->add_streamed("POST", "/upload",
                        [](const HttpRequest&, const IncomingBody&, const HttpResponder& respond) {
                          respond(HttpResponse::problem(401, "unauthorized", "Who are you?"));
                        });
  listen();
  const std::string answer =
      exchange(kHead + "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 401")) << answer;
}

TEST_F(StreamedRequestTest, the_body_is_asked_for_when_the_handler_wants_it) {
  std::mutex mutex;
  std::function<void()> begin;
  router_->add_streamed("POST", "/upload",
                        [&](const HttpRequest&, IncomingBody body, const HttpResponder& respond) {
                          const std::lock_guard lock(mutex);
                          begin = [this, body = std::move(body), respond] {
                            body.read_into(std::make_shared<TestSink>(heard_, respond));
                          };
                        });
  listen();
  const auto asked = [&] {
    const std::lock_guard lock(mutex);
    return begin != nullptr;
  };
  RawSocket socket(server_->port());
  socket.send(kHead + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  ASSERT_TRUE(eventually(asked));
  std::exchange(begin, nullptr)();  // On this thread, as after a look-up.
  EXPECT_TRUE(
      socket.read_until("100 Continue\r\n\r\n").starts_with("HTTP/1.1 100 Continue\r\n\r\n"));
  socket.send("1234");
  EXPECT_NE(socket.read_until("size 4").find("size 4"), std::string::npos);

  // The next one leaves before it is decided.
  socket.send(kHead + "Content-Length: 4\r\n\r\n");
  ASSERT_TRUE(eventually(asked));
  server_.reset();
  std::exchange(begin, nullptr)();
  EXPECT_TRUE(eventually([&] { return heard_->cuts().size() == 1; }));
}

TEST_F(StreamedRequestTest, a_body_over_the_limit_of_its_route_is_413) {
  add_upload(nullptr, {.max_body_bytes = 16});
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 17\r\n\r\n").starts_with("HTTP/1.1 413"));
  EXPECT_EQ(handled_, 0) << "told by its head";
  EXPECT_TRUE(exchange(kHead + "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\na\r\n01234")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::too_large));
  EXPECT_EQ(server_->stats().body_too_large, 2U);
}

TEST_F(StreamedRequestTest, a_gate_decides_about_a_streamed_route_too) {
  RouteLimits limits{.max_body_bytes = 4};
  limits.gate = [](const HttpRequest& head, const std::function<void(BodyVerdict)>& decide) {
    if (head.headers.get("Authorization") == "Bearer right") return decide({8, std::nullopt});
    decide({0, HttpResponse::problem(401, "unauthorized", "Who are you?")});
  };
  add_upload(nullptr, std::move(limits));
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 5\r\n\r\n").starts_with("HTTP/1.1 401"));
  const std::string right = kHead + "Authorization: Bearer right\r\n";
  EXPECT_TRUE(exchange(right + "Content-Length: 9\r\n\r\n").starts_with("HTTP/1.1 413"));
  EXPECT_EQ(handled_, 0);
  RawSocket socket(server_->port());
  socket.send(right + "Content-Length: 8\r\n\r\n12345678");
  EXPECT_NE(socket.read_until("size 8").find("size 8"), std::string::npos);
}

TEST_F(StreamedRequestTest, a_collected_body_has_the_limit_of_its_route) {
  router_->add("POST", "/note",
               [](const HttpRequest& request, const HttpResponder& respond) {
                 respond(HttpResponse::text(200, "size " + std::to_string(request.body.size())));
               },
               {.max_body_bytes = 4});
  listen();
  EXPECT_TRUE(exchange("POST /note HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  RawSocket socket(server_->port());
  socket.send("POST /note HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n1234");
  EXPECT_NE(socket.read_until("size 4").find("size 4"), std::string::npos);
}

TEST_F(StreamedRequestTest, framing_that_is_none_is_400_and_the_sink_cut) {
  add_upload();
  listen();
  EXPECT_TRUE(exchange(kHead + "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\nnonsense\r\n")
                  .starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::malformed));
}

TEST_F(StreamedRequestTest, a_sink_that_throws_is_500_and_costs_its_request_alone) {
  add_upload([](TestSink& sink, const HttpResponder&) {
    sink.on_chunk = [](const std::function<void()>&) { throw std::runtime_error("disk full"); };
  });
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 8\r\n\r\n1234").starts_with("HTTP/1.1 500"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::failed));
  expect_hello();
}

TEST_F(StreamedRequestTest, a_sink_that_throws_at_the_end_is_500) {
  add_upload([](TestSink& sink, const HttpResponder&) {
    sink.on_end = [] { throw std::runtime_error("no disk"); };
  });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 4\r\n\r\n1234");
  EXPECT_NE(socket.read_until("}").find("HTTP/1.1 500"), std::string::npos);
  EXPECT_TRUE(heard_->cuts().empty()) << "it had its end";
  expect_hello();
}

TEST_F(StreamedRequestTest, a_sink_that_forgets_a_chunk_is_500) {
  add_upload([](TestSink& sink, const HttpResponder&) {
    sink.on_chunk = [](const std::function<void()>&) {};
  });
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 8\r\n\r\n1234").starts_with("HTTP/1.1 500"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::failed));
}

TEST_F(StreamedRequestTest, what_is_said_twice_counts_once) {
  add_upload([](TestSink& sink, const HttpResponder& respond) {
    sink.on_chunk = [](const std::function<void()>& taken) {
      taken();
      taken();
    };
    sink.on_end = [respond] {
      respond(HttpResponse::text(200, "first"));
      respond(HttpResponse::text(200, "second"));
    };
  });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 4\r\n\r\n1234" +
              "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  EXPECT_NE(answer.find("first"), std::string::npos);
  EXPECT_EQ(answer.find("second"), std::string::npos);
  EXPECT_NE(answer.find("hello"), std::string::npos);
}

TEST_F(StreamedRequestTest, who_never_answers_is_500_once_nobody_can) {
  router_->add_streamed("POST", "/upload",
                        [](const HttpRequest&, const IncomingBody&, const HttpResponder&) {});
  router_->add_streamed("POST", "/throws",
                        [](const HttpRequest&, const IncomingBody&, const HttpResponder&) {
                          throw std::runtime_error("no");
                        });
  router_->add_streamed(
      "POST", "/silent",
      [this](const HttpRequest&, const IncomingBody& body, const HttpResponder& respond) {
        auto sink = std::make_shared<TestSink>(heard_, respond);
        sink->on_end = [] {};
        body.read_into(std::move(sink));
      });
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 4\r\n\r\n").starts_with("HTTP/1.1 500"));
  EXPECT_TRUE(exchange("POST /throws HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                  .starts_with("HTTP/1.1 500"));
  RawSocket socket(server_->port());
  socket.send("POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n1234");
  EXPECT_NE(socket.read_until("}").find("HTTP/1.1 500"), std::string::npos);
  EXPECT_EQ(heard_->ends(), 1);
}

TEST_F(StreamedRequestTest, a_second_sink_is_cut) {
  router_->add_streamed(
      "POST", "/upload",
      [this](const HttpRequest&, const IncomingBody& body, const HttpResponder& respond) {
        body.read_into(std::make_shared<TestSink>(heard_, respond));
        body.read_into(std::make_shared<TestSink>(heard_, respond));
      });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 4\r\n\r\n1234");
  EXPECT_NE(socket.read_until("size 4").find("size 4"), std::string::npos);
  EXPECT_EQ(heard_->cuts(), std::vector{BodyCut::answered});
  EXPECT_EQ(heard_->ends(), 1);
}

TEST_F(StreamedRequestTest, a_body_passes_over_tls) {
  TempDir dir;
  const auto files =
      std::make_shared<TlsFiles>(TlsFiles{dir.file("cert.pem"), dir.file("key.pem")});
  ASSERT_TRUE(ensure_self_signed_certificate(files->certificate_file, files->key_file,
                                             {"localhost", "127.0.0.1"}));
  add_upload();
  ListenOptions options;
  options.tls = files;
  listen(options);
  const std::string body = text_of(2'500'000);
  ClientRequest post;
  post.url = url("/upload", "https");
  post.trust = {"", *certificate_pin(files->certificate_file)};
  post.method = "POST";
  post.body = SharedBytes(body);
  const auto answer = request(post);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body.text(), "size 2500000");
  EXPECT_TRUE(heard_->bytes() == body);
}

/// As TestSink, on a pool.
class BlockingTestSink final : public BlockingBodySink {
 public:
  explicit BlockingTestSink(std::shared_ptr<Heard> heard) : heard_(std::move(heard)) {}
  std::optional<HttpResponse> chunk(ByteView bytes) override {
    EXPECT_FALSE(busy_.exchange(true)) << "one call at a time";
    heard_->chunk({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    busy_ = false;
    return on_chunk ? on_chunk() : std::nullopt;
  }
  HttpResponse end() override {
    heard_->end();
    if (on_end) on_end();
    return HttpResponse::text(200, "size " + std::to_string(heard_->bytes().size()));
  }
  void cut(BodyCut why) override {
    EXPECT_FALSE(busy_);
    heard_->cut(why);
  }

  std::function<std::optional<HttpResponse>()> on_chunk;
  std::function<void()> on_end;

 private:
  std::atomic<bool> busy_{false};
  std::shared_ptr<Heard> heard_;
};

class PoolStreamedRequestTest : public StreamedRequestTest {
 protected:
  ~PoolStreamedRequestTest() override { server_.reset(); }

  void add_upload_on_pool(std::function<void(BlockingTestSink&)> prepare = nullptr) {
    router_->add_streamed_blocking(
        "POST", "/upload", pool_,
        [this, prepare = std::move(prepare)](
            const HttpRequest&) -> std::variant<std::unique_ptr<BlockingBodySink>, HttpResponse> {
          EXPECT_FALSE(loop_.in_loop());
          auto sink = std::make_unique<BlockingTestSink>(heard_);
          if (prepare) prepare(*sink);
          return sink;
        },
        {.max_body_bytes = 100'000'000});
  }

  WorkerPool pool_{"upload-test", 2, 1};
};

TEST_F(PoolStreamedRequestTest, a_body_is_taken_in_order_on_the_pool) {
  add_upload_on_pool();
  listen();
  const std::string body = text_of(3'000'000);
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 3000000\r\n\r\n" + body);
  EXPECT_NE(socket.read_until("size 3000000").find("size 3000000"), std::string::npos);
  EXPECT_TRUE(heard_->bytes() == body);
  EXPECT_EQ(heard_->ends(), 1);
  EXPECT_TRUE(heard_->cuts().empty());
}

TEST_F(PoolStreamedRequestTest, an_upload_that_was_begun_goes_on_while_the_pool_is_full) {
  add_upload_on_pool();
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
  ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
  std::promise<void> free;
  const std::shared_future<void> freed = free.get_future().share();
  for (int i = 0; i < 3; ++i) {  // Two threads and a place in the queue.
    ASSERT_TRUE(eventually([&] { return pool_.try_post([freed] { freed.wait(); }); }));
  }
  EXPECT_NE(exchange(kHead + "Content-Length: 4\r\n\r\n").find("HTTP/1.1 503"), std::string::npos)
      << "a newcomer is told";
  socket.send("5678");
  free.set_value();
  EXPECT_NE(socket.read_until("size 8").find("size 8"), std::string::npos);
}

TEST_F(PoolStreamedRequestTest, a_sink_may_answer_before_the_end) {
  add_upload_on_pool([](BlockingTestSink& sink) {
    sink.on_chunk = [] { return HttpResponse::problem(422, "no_zip", "This is no ZIP file."); };
  });
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 1000\r\n\r\n1234").starts_with("HTTP/1.1 422"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::answered));
}

TEST_F(PoolStreamedRequestTest, a_sink_that_throws_is_500) {
  add_upload_on_pool([](BlockingTestSink& sink) {
    sink.on_chunk = []() -> std::optional<HttpResponse> { throw std::runtime_error("disk full"); };
  });
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 1000\r\n\r\n1234").starts_with("HTTP/1.1 500"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::failed));
  expect_hello();
}

TEST_F(PoolStreamedRequestTest, a_sink_that_throws_at_the_end_is_500) {
  add_upload_on_pool(
      [](BlockingTestSink& sink) { sink.on_end = [] { throw std::runtime_error("no disk"); }; });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 4\r\n\r\n1234");
  EXPECT_NE(socket.read_until("}").find("HTTP/1.1 500"), std::string::npos);
  EXPECT_TRUE(heard_->cuts().empty());
}

TEST_F(PoolStreamedRequestTest, a_peer_that_vanishes_cuts_the_sink_after_its_call) {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  add_upload_on_pool([gone](BlockingTestSink& sink) {
    sink.on_chunk = [gone]() -> std::optional<HttpResponse> {
      gone.wait();
      return std::nullopt;
    };
  });
  listen();
  {
    RawSocket socket(server_->port());
    socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
    ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
    socket.reset();
  }
  EXPECT_FALSE(heard_->over()) << "not beside its call";
  go.set_value();
  EXPECT_TRUE(heard_->was_cut(BodyCut::peer_gone));
}

TEST_F(PoolStreamedRequestTest, a_server_that_closes_cuts_the_sink_after_its_call) {
  std::promise<void> go;
  const std::shared_future<void> closed = go.get_future().share();
  add_upload_on_pool([closed](BlockingTestSink& sink) {
    sink.on_chunk = [closed]() -> std::optional<HttpResponse> {
      closed.wait();
      return std::nullopt;
    };
  });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
  ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
  server_.reset();
  EXPECT_FALSE(heard_->over());
  go.set_value();
  EXPECT_TRUE(heard_->was_cut(BodyCut::closing));
}

TEST_F(PoolStreamedRequestTest, opening_may_refuse_or_throw) {
  using Opened = std::variant<std::unique_ptr<BlockingBodySink>, HttpResponse>;
  router_->add_streamed_blocking("POST", "/refuses", pool_, [](const HttpRequest&) -> Opened {
    return HttpResponse::problem(409, "busy_already", "One import at a time.");
  });
  router_->add_streamed_blocking("POST", "/throws", pool_, [](const HttpRequest&) -> Opened {
    throw std::runtime_error("no disk");
  });
  listen();
  EXPECT_TRUE(exchange("POST /refuses HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                  .starts_with("HTTP/1.1 409"));
  EXPECT_TRUE(exchange("POST /throws HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                  .starts_with("HTTP/1.1 500"));
}

}  // namespace
}  // namespace surveillx::net
