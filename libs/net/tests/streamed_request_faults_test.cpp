// What happens when a streamed body has no end, or its consumer fails.
#include "surveillx/net/http_server.hpp"

#include "streamed_request_fixture.hpp"

#include <stdexcept>
#include <sys/socket.h>
#include <vector>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;

TEST_F(StreamedRequestTest, a_peer_that_stops_in_the_middle_is_408_and_the_sink_cut) {
  add_upload();
  ListenOptions options;
  options.request_timeout = 300ms;
  listen(options);
  EXPECT_TRUE(exchange(kHead + "Content-Length: 8\r\n\r\n1234").starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::too_slow));
  EXPECT_EQ(server_->stats().timed_out, 1U);
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

TEST_F(StreamedRequestTest, a_sink_that_throws_after_it_took_a_chunk_is_cut_all_the_same) {
  add_upload([](TestSink& sink, const HttpResponder&) {
    sink.on_chunk = [](const std::function<void()>& taken) {
      taken();
      throw std::runtime_error("disk full");
    };
  });
  listen();
  EXPECT_TRUE(exchange(kHead + "Content-Length: 8\r\n\r\n1234").starts_with("HTTP/1.1 500"));
  EXPECT_TRUE(heard_->was_cut(BodyCut::failed));
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
  EXPECT_EQ(heard_->cuts(), std::vector{BodyCut::surplus});
  EXPECT_EQ(heard_->ends(), 1);
}

}  // namespace
}  // namespace surveillx::net
