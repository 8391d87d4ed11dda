#pragma once

#include "surveillx/camera/publisher.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/signaling/codec.hpp"
#include "surveillx/test_support/support.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace surveillx::camera::test {

using namespace std::chrono_literals;
using test_support::eventually;

/// What happened, in a line each, for tests to wait on.
class Diary {
 public:
  void note(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
  }
  [[nodiscard]] int count(const std::string& line) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count(lines_.begin(), lines_.end(), line));
  }
  [[nodiscard]] bool wait(const std::string& line, int times = 1) const {
    return eventually([&] { return count(line) >= times; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A signalling server on a free port of 127.0.0.1 whose answers each test writes.
class FakeServer {
 public:
  using Handler = std::function<void(net::WebSocketPtr socket, const std::string& text)>;

  explicit FakeServer(Handler on_text, std::uint16_t port = 0) : on_text_(std::move(on_text)) {
    loop_.start("fake-server");
    auto router = std::make_shared<net::Router>();
    router->add_upgrade("/", [this](net::Router::Upgrade upgrade) {
      diary.note("authorization " + std::string(upgrade.request.headers.get("Authorization")));
      upgrade.accept([this](net::WebSocketPtr socket) {
        diary.note("open");
        sockets_.insert(socket);
        const std::weak_ptr<net::WebSocket> weak = socket;
        socket->on_message = [this, weak](const SharedBytes& message, bool) {
          const auto decoded = signaling::decode(message.text());
          if (!decoded) {
            diary.note("bad");
            return;
          }
          diary.note(std::string(names_[decoded->index()]));
          if (const auto alive = weak.lock()) on_text_(alive, std::string(message.text()));
        };
        socket->on_close = [this, weak](std::uint16_t code, const std::string&) {
          diary.note("close " + std::to_string(code));
          if (const auto alive = weak.lock()) sockets_.erase(alive);
        };
      });
    });
    net::ListenOptions listen;
    listen.address = "127.0.0.1:" + std::to_string(port);
    auto server = net::HttpServer::listen(loop_, router, listen);
    if (!server) throw Failure(server.error());
    server_ = std::move(*server);
    port_ = server_->port();
  }
  ~FakeServer() {
    loop_.run_sync([this] { sockets_.clear(); });
    server_.reset();
    loop_.stop();
  }
  [[nodiscard]] std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] net::EventLoop& loop() { return loop_; }

  Diary diary;

 private:
  static constexpr std::array<std::string_view, 8> names_{"hello", "welcome", "offer", "answer",
                                                          "ice",   "bye",     "error", "unknown"};
  Handler on_text_;
  net::EventLoop loop_;
  std::unique_ptr<net::HttpServer> server_;
  std::uint16_t port_ = 0;
  std::set<net::WebSocketPtr> sockets_;
};

inline void send(const net::WebSocketPtr& socket, const signaling::Message& message) {
  socket->send_text(SharedBytes(signaling::encode(message)));
}

inline bool is_hello(const std::string& text) {
  return std::holds_alternative<signaling::Hello>(*signaling::decode(text));
}

inline PublisherOptions quick_options(const std::string& url) {
  PublisherOptions options;
  options.server = url;
  options.token = "t0ken";
  options.source.kind = SourceSpec::Kind::test;
  options.format = {frame::Size{160, 120}, 15};
  options.back_off = {5ms, 20ms, 0.2};
  return options;
}

struct Told {
  Diary diary;
  std::mutex mutex;
  std::optional<Error> finished;

  [[nodiscard]] Publisher::Events events() {
    Publisher::Events events;
    events.on_state = [this](PublisherState state, const std::string&) {
      diary.note(std::string(to_string(state)));
    };
    events.on_finished = [this](const Error& error) {
      {
        const std::lock_guard lock(mutex);
        finished = error;
      }
      diary.note("finished");
    };
    return events;
  }
};

inline std::unique_ptr<Publisher> publish(const PublisherOptions& options, Told& told) {
  auto publisher = Publisher::start(options, told.events());
  if (!publisher) throw Failure(publisher.error());
  return std::move(*publisher);
}

}  // namespace surveillx::camera::test
