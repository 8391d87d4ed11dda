#pragma once

#include "surveillx/net/body_sink.hpp"

#include "net_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::net {

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
    return test_support::eventually([&] { return over(); }) && ends() == 0 &&
           cuts() == std::vector{why};
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

inline std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>('a' + i * 7 % 26 + i / 4096 % 2);
  return text;
}

inline const std::string kHead = "POST /upload HTTP/1.1\r\nHost: a\r\n";

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
  void expect_hello() {
    EXPECT_NE(
        exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").find("200 OK"),
        std::string::npos);
  }

  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
  std::atomic<int> handled_{0};
};

}  // namespace surveillx::net
