// Streamed bodies that are taken on a pool.
#include "surveillx/net/http_server.hpp"

#include "streamed_request_fixture.hpp"

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <variant>

namespace surveillx::net {
namespace {

using test_support::eventually;

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

/// Says when a sink was given a chunk, which on a pool is when that is queued.
class WatchedSink final : public BodySink {
 public:
  WatchedSink(std::shared_ptr<BodySink> sink, std::shared_ptr<std::atomic<int>> given)
      : sink_(std::move(sink)), given_(std::move(given)) {}
  void chunk(SharedBytes bytes, std::function<void()> taken) override {
    sink_->chunk(std::move(bytes), std::move(taken));
    ++*given_;
  }
  void end() override { sink_->end(); }
  void cut(BodyCut why) override { sink_->cut(why); }

 private:
  std::shared_ptr<BodySink> sink_;
  std::shared_ptr<std::atomic<int>> given_;
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
  const auto given = std::make_shared<std::atomic<int>>(0);
  router_->add_streamed(
      "POST", "/watched",
      [this, given](const HttpRequest&, const IncomingBody& body, const HttpResponder& respond) {
        body.read_into(std::make_shared<WatchedSink>(
            on_pool(pool_, std::make_unique<BlockingTestSink>(heard_), respond), given));
      });
  listen();
  RawSocket socket(server_->port());
  socket.send("POST /watched HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n1234");
  ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
  std::promise<void> free;
  const std::shared_future<void> freed = free.get_future().share();
  for (int i = 0; i < 3; ++i) {  // Two threads and a place in the queue.
    ASSERT_TRUE(eventually([&] { return pool_.try_post([freed] { freed.wait(); }); }));
  }
  EXPECT_NE(exchange(kHead + "Content-Length: 4\r\n\r\n").find("HTTP/1.1 503"), std::string::npos)
      << "a newcomer is told";
  socket.send("5678");
  ASSERT_TRUE(eventually([&] { return *given == 2; }));
  EXPECT_EQ(heard_->chunks(), 1) << "it waits in the full queue";
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

TEST_F(PoolStreamedRequestTest, an_upload_that_gives_way_cuts_the_sink_after_its_call) {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  add_upload_on_pool([gone](BlockingTestSink& sink) {
    sink.on_chunk = [gone]() -> std::optional<HttpResponse> {
      gone.wait();
      return std::nullopt;
    };
  });
  ListenOptions options;
  options.max_connections_per_address = 1;
  listen(options);
  RawSocket socket(server_->port());
  socket.send(kHead + "Content-Length: 8\r\n\r\n1234");
  ASSERT_TRUE(eventually([&] { return heard_->chunks() == 1; }));
  const RawSocket newcomer(server_->port());
  ASSERT_TRUE(eventually([&] { return server_->stats().gave_way == 1; }));
  on_loop([] {});  // The cut was told.
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
