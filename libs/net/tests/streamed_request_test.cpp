// Bodies that are handed on as they arrive: what the consumer gets, who waits for whom, and limits.
#include "surveillx/net/http_server.hpp"

#include "streamed_request_fixture.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <poll.h>
#include <sys/socket.h>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;
using test_support::TempDir;

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

TEST_F(StreamedRequestTest, fields_behind_a_body_do_not_choose_the_clients_address) {
  const auto seen = std::make_shared<std::string>();  // Written before the answer.
  router_->add_streamed("POST", "/upload",
                        [this, seen](const HttpRequest& head, const IncomingBody& body,
                                     const HttpResponder& respond) {
                          *seen = head.remote_address;
                          body.read_into(std::make_shared<TestSink>(heard_, respond));
                        });
  router_->add("POST", "/collected", [](const HttpRequest& request, const HttpResponder& respond) {
    respond(HttpResponse::text(
        200, "from " + request.remote_address +
                 (request.headers.has("X-Forwarded-For") ? " by header" : " alone") + "."));
  });
  ListenOptions options;
  options.trusted_proxies = {"127.0.0.1"};
  listen(options);
  const std::string body =
      "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
  RawSocket socket(server_->port());
  socket.send("POST /collected HTTP/1.1\r\nHost: a\r\n" + body);
  EXPECT_NE(socket.read_until("alone.").find("from 127.0.0.1 alone."), std::string::npos);
  socket.send(kHead + body);
  EXPECT_NE(socket.read_until("size 1").find("size 1"), std::string::npos);
  EXPECT_EQ(*seen, "127.0.0.1");
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

TEST_F(StreamedRequestTest,
       a_whole_request_counts_also_when_it_is_answered_before_its_sink_heard_the_end) {
  router_->add_streamed("POST", "/upload",
                        [](const HttpRequest&, const IncomingBody&, const HttpResponder& respond) {
                          respond(HttpResponse::text(200, "unasked"));
                        });
  listen();
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 0\r\n\r\n");
  EXPECT_NE(socket.read_until("unasked").find("200 OK"), std::string::npos);
  EXPECT_EQ(server_->stats().requests, 1U);
  EXPECT_NE(exchange(kHead + "Content-Length: 9\r\n\r\n").find("unasked"), std::string::npos);
  EXPECT_EQ(server_->stats().requests, 1U) << "never whole";
}

TEST_F(StreamedRequestTest, an_answer_that_is_under_way_gives_way_to_nobody) {
  // More than fits into the buffers of both kernels: nobody reads it before the newcomer is told.
  const auto large = std::make_shared<const std::string>(64 * 1024 * 1024, 'x');
  router_->add_streamed(
      "POST", "/upload",
      [large](const HttpRequest&, const IncomingBody&, const HttpResponder& respond) {
        respond(HttpResponse::text(200, *large));
      });
  ListenOptions options;
  options.max_connections_per_address = 1;
  listen(options);
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 0\r\n\r\n");
  socket.read_until("200 OK");
  RawSocket newcomer(server_->port());
  EXPECT_TRUE(newcomer.read_until("\r\n\r\n").starts_with("HTTP/1.1 503"));
  EXPECT_EQ(server_->stats().gave_way, 0U);
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
  EXPECT_TRUE(eventually([&] { return heard_->cuts() == std::vector{BodyCut::closing}; }));
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

}  // namespace
}  // namespace surveillx::net
