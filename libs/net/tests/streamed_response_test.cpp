// Answers whose body a source gives piece by piece.
#include "surveillx/net/body_source.hpp"

#include "net_fixture.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;
using test_support::TempDir;

const std::string kGet = "GET /stream HTTP/1.1\r\nHost: a\r\n";

/// Counts what is asked of it; a test says what it gives.
class TestSource final : public BodySource {
 public:
  struct Seen {
    std::atomic<int> asked{0};
    std::atomic<int> abandoned{0};
    std::atomic<int> gone{0};
  };
  using Next = std::function<void(int index, const Give& give)>;

  TestSource(std::shared_ptr<Seen> seen, std::optional<std::uint64_t> size, Next next)
      : seen_(std::move(seen)), size_(size), next_(std::move(next)) {}
  ~TestSource() override { ++seen_->gone; }
  TestSource(const TestSource&) = delete;
  TestSource& operator=(const TestSource&) = delete;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  void next(Give give) override { next_(seen_->asked++, give); }
  void abandoned() override { ++seen_->abandoned; }

 private:
  std::shared_ptr<Seen> seen_;
  std::optional<std::uint64_t> size_;
  Next next_;
};

/// The pieces, then the end.
TestSource::Next pieces(std::vector<std::string> texts) {
  return [texts = std::move(texts)](int index, const BodySource::Give& give) {
    const auto at = static_cast<std::size_t>(index);
    give(at < texts.size() ? SharedBytes(texts[at]) : SharedBytes());
  };
}

class StreamedResponseTest : public NetTest {
 protected:
  ~StreamedResponseTest() override { server_.reset(); }

  /// `/stream` answers with such a source.
  void add_stream(std::optional<std::uint64_t> size, TestSource::Next next) {
    router_->add(
        "GET", "/stream",
        [this, size, next = std::move(next)](const HttpRequest&, const HttpResponder& respond) {
          HttpResponse response = HttpResponse::text(200, "not this");
          response.source = std::make_shared<TestSource>(seen_, size, next);
          respond(std::move(response));
        });
    router_->add("GET", "/hello", [](const HttpRequest&, const HttpResponder& respond) {
      respond(HttpResponse::text(200, "hello"));
    });
  }
  std::string exchange(std::string_view bytes) {
    RawSocket socket(server_->port());
    socket.send(bytes);
    std::string answer = socket.read_all();
    ended_ = socket.ended();
    return answer;
  }

  std::shared_ptr<TestSource::Seen> seen_ = std::make_shared<TestSource::Seen>();
  bool ended_ = false;
};

TEST_F(StreamedResponseTest, a_body_of_known_size_has_its_length_and_the_next_answer_behind_it) {
  add_stream(9, pieces({"one", "two", "six"}));
  listen();
  const std::string answer =
      exchange(kGet + "\r\nGET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK"));
  EXPECT_NE(answer.find("Content-Length: 9\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("Transfer-Encoding"), std::string::npos);
  EXPECT_NE(answer.find("\r\n\r\nonetwosixHTTP/1.1 200 OK"), std::string::npos) << answer;
  EXPECT_NE(answer.find("hello"), std::string::npos);
  EXPECT_EQ(seen_->asked, 3) << "the size says where it ends";
  EXPECT_EQ(seen_->abandoned, 0);
  EXPECT_EQ(seen_->gone, 1);
}

TEST_F(StreamedResponseTest, a_body_of_unknown_size_is_chunked) {
  add_stream(std::nullopt, pieces({"one", "a longer piece of it"}));
  listen();
  const std::string answer =
      exchange(kGet + "\r\nGET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\n\r\n3\r\none\r\n14\r\na longer piece of it\r\n0\r\n\r\nHTTP/1.1 200"),
            std::string::npos)
      << answer;
  EXPECT_EQ(seen_->abandoned, 0);
}

TEST_F(StreamedResponseTest, to_http_1_0_a_body_of_unknown_size_ends_with_the_connection) {
  add_stream(std::nullopt, pieces({"one", "two"}));
  listen();
  const std::string answer = exchange("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nonetwo")) << answer;
  EXPECT_TRUE(ended_);
}

TEST_F(StreamedResponseTest, head_has_the_same_fields_and_asks_the_source_nothing) {
  add_stream(9, pieces({"one", "two", "six"}));
  listen();
  const std::string answer =
      exchange("HEAD /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 9\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_EQ(seen_->asked, 0);
  EXPECT_EQ(seen_->gone, 1);
}

TEST_F(StreamedResponseTest, an_empty_body_ends_at_once) {
  add_stream(std::nullopt, pieces({}));
  listen();
  EXPECT_TRUE(exchange(kGet + "Connection: close\r\n\r\n").ends_with("\r\n\r\n0\r\n\r\n"));
  EXPECT_TRUE(ended_);
}

TEST_F(StreamedResponseTest, pieces_may_come_later_and_from_other_threads) {
  std::vector<std::thread> threads;
  add_stream(std::nullopt, [&threads](int index, const BodySource::Give& give) {
    threads.emplace_back([index, give] {
      give(index < 20 ? SharedBytes("piece " + std::to_string(index) + ",") : SharedBytes());
      give(SharedBytes(std::string("said twice")));
    });
  });
  listen();
  const auto answer = get("/stream");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->body.text().starts_with("piece 0,piece 1,"));
  EXPECT_TRUE(answer->body.text().ends_with("piece 19,"));
  EXPECT_EQ(answer->body.text().find("twice"), std::string_view::npos);
  server_.reset();
  for (std::thread& thread : threads) thread.join();
}

TEST_F(StreamedResponseTest, no_more_is_asked_for_than_the_peer_takes) {
  constexpr int kPieces = 1000;
  const std::string piece(64 * 1024, 'x');
  add_stream(kPieces * piece.size(),
             [piece](int, const BodySource::Give& give) { give(SharedBytes(piece)); });
  listen();
  RawSocket socket(server_->port());
  socket.send(kGet + "Connection: close\r\n\r\n");
  int before = -1;
  // Until it asks no more: both kernels' buffers are full.
  while (before != seen_->asked) {
    before = seen_->asked;
    EXPECT_FALSE(eventually([&] { return seen_->asked == kPieces; }, 300ms));
  }
  EXPECT_GT(seen_->asked, 0);
  const std::string answer = socket.read_all();
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, kPieces * piece.size());
  EXPECT_EQ(seen_->asked, kPieces);
  EXPECT_EQ(seen_->abandoned, 0);
}

TEST_F(StreamedResponseTest, a_source_that_fails_midway_never_looks_complete) {
  const auto fails = [](int index, const BodySource::Give& give) {
    if (index == 0) return give(SharedBytes(std::string("one")));
    give(Error{kIo, "the disk is gone"});
  };
  add_stream(std::nullopt, fails);
  listen();
  EXPECT_EQ(exchange(kGet + "\r\n").find("\r\n0\r\n"), std::string::npos);
  EXPECT_FALSE(ended_) << "reset";
  exchange("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(ended_) << "an orderly end would be the body's";
  EXPECT_FALSE(get("/stream"));
  EXPECT_TRUE(eventually([&] { return seen_->gone == 3; }));
  EXPECT_EQ(seen_->abandoned, 0) << "it knows";
}

TEST_F(StreamedResponseTest, a_source_that_throws_or_forgets_cuts_the_connection) {
  add_stream(std::nullopt, [](int index, const BodySource::Give& give) {
    if (index == 0) return give(SharedBytes(std::string("one")));
    throw std::runtime_error("no");
  });
  router_->add("GET", "/forgets", [this](const HttpRequest&, const HttpResponder& respond) {
    HttpResponse response;
    response.source = std::make_shared<TestSource>(seen_, 100, [](int, const BodySource::Give&) {});
    respond(std::move(response));
  });
  router_->add("GET", "/gives", [this](const HttpRequest&, const HttpResponder& respond) {
    HttpResponse response;
    response.source =
        std::make_shared<TestSource>(seen_, std::nullopt, [](int, const BodySource::Give& give) {
          give(SharedBytes());
          throw std::runtime_error("no");
        });
    respond(std::move(response));
  });
  listen();
  EXPECT_FALSE(get("/stream"));
  EXPECT_FALSE(get("/forgets"));
  EXPECT_FALSE(get("/gives")) << "an end that was given before it threw is none";
}

TEST_F(StreamedResponseTest, a_source_gives_neither_less_nor_more_than_it_said) {
  add_stream(7, pieces({"one", "two"}));
  router_->add("GET", "/more", [this](const HttpRequest&, const HttpResponder& respond) {
    HttpResponse response;
    response.source = std::make_shared<TestSource>(seen_, 5, pieces({"one", "two"}));
    respond(std::move(response));
  });
  listen();
  EXPECT_FALSE(get("/stream"));
  const std::string more = exchange("GET /more HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(more.find("two"), std::string::npos);
  EXPECT_FALSE(ended_);
}

TEST_F(StreamedResponseTest, a_source_is_told_when_the_peer_has_gone) {
  add_stream(std::nullopt, [](int, const BodySource::Give& give) {
    give(SharedBytes(std::string(64 * 1024, 'x')));
  });
  listen();
  {
    RawSocket socket(server_->port());
    socket.send(kGet + "\r\n");
    socket.read_until("xxx");
    socket.reset();
  }
  EXPECT_TRUE(eventually([&] { return seen_->abandoned == 1 && seen_->gone == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

TEST_F(StreamedResponseTest, a_source_that_waits_is_told_of_a_reset) {
  std::mutex mutex;
  std::vector<BodySource::Give> kept;
  add_stream(std::nullopt, [&](int, BodySource::Give give) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(give));
  });
  listen();
  {
    RawSocket socket(server_->port());
    socket.send(kGet + "\r\n");
    ASSERT_TRUE(eventually([&] { return seen_->asked == 1; }));
    socket.reset();
  }
  EXPECT_TRUE(eventually([&] { return seen_->abandoned == 1; }));
  const std::lock_guard lock(mutex);
  kept.front()(SharedBytes(std::string("too late")));
}

TEST_F(StreamedResponseTest, a_peer_that_takes_nothing_is_given_up) {
  add_stream(std::nullopt, [](int, const BodySource::Give& give) {
    give(SharedBytes(std::string(64 * 1024, 'x')));
  });
  ListenOptions options;
  options.request_timeout = 300ms;
  listen(options);
  RawSocket socket(server_->port());
  socket.send(kGet + "\r\n");
  EXPECT_TRUE(eventually([&] { return seen_->abandoned == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

TEST_F(StreamedResponseTest, a_source_that_takes_its_time_is_no_fault_of_the_peer) {
  std::mutex mutex;
  BodySource::Give kept;
  add_stream(3, [&](int, BodySource::Give give) {
    const std::lock_guard lock(mutex);
    kept = std::move(give);
  });
  ListenOptions options;
  options.request_timeout = 200ms;
  listen(options);
  RawSocket socket(server_->port());
  socket.send(kGet + "\r\n");
  EXPECT_FALSE(eventually([&] { return seen_->abandoned == 1; }, 600ms));
  {
    const std::lock_guard lock(mutex);
    std::exchange(kept, nullptr)(SharedBytes(std::string("one")));
  }
  EXPECT_TRUE(socket.read_until("\r\n\r\none").ends_with("\r\n\r\none"));
}

TEST_F(StreamedResponseTest, a_server_that_closes_tells_the_source) {
  std::mutex mutex;
  BodySource::Give kept;
  add_stream(3, [&](int, BodySource::Give give) {
    const std::lock_guard lock(mutex);
    kept = std::move(give);
  });
  listen();
  RawSocket socket(server_->port());
  socket.send(kGet + "\r\n");
  ASSERT_TRUE(eventually([&] { return seen_->asked == 1; }));
  server_.reset();
  EXPECT_EQ(seen_->abandoned, 1);
  const std::lock_guard lock(mutex);
  std::exchange(kept, nullptr)(SharedBytes(std::string("one")));
}

TEST_F(StreamedResponseTest, an_answer_to_a_refused_body_may_be_streamed) {
  router_->add_streamed(
      "POST", "/stream",
      [this](const HttpRequest&, const IncomingBody&, const HttpResponder& respond) {
        HttpResponse response;
        response.status = 409;
        response.source = std::make_shared<TestSource>(seen_, std::nullopt, pieces({"one", "two"}));
        respond(std::move(response));
      });
  listen();
  const std::string answer =
      exchange("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" +
               std::string(1000, 'x'));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 409"));
  EXPECT_TRUE(answer.ends_with("3\r\ntwo\r\n0\r\n\r\n"));
  EXPECT_TRUE(ended_);
}

TEST_F(StreamedResponseTest, a_body_passes_over_tls) {
  TempDir dir;
  const auto files =
      std::make_shared<TlsFiles>(TlsFiles{dir.file("cert.pem"), dir.file("key.pem")});
  ASSERT_TRUE(ensure_self_signed_certificate(files->certificate_file, files->key_file,
                                             {"localhost", "127.0.0.1"}));
  const std::string piece(50'000, 'x');
  add_stream(std::nullopt, pieces(std::vector<std::string>(40, piece)));
  ListenOptions options;
  options.tls = files;
  listen(options);
  ClientRequest ask;
  ask.url = url("/stream", "https");
  ask.trust = {"", *certificate_pin(files->certificate_file)};
  const auto answer = request(ask);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body.size(), 2'000'000U);
}

}  // namespace
}  // namespace surveillx::net
