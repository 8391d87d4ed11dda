#pragma once

#include "surveillx/net/client.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/test_support/support.hpp"

#include "raw_socket.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace surveillx::net {

/// A loop, a router to fill, and a server on a free port once `listen` was called.
class NetTest : public ::testing::Test {
 protected:
  NetTest() { loop_.start("net-test"); }
  ~NetTest() override {
    on_loop([&] { client_.reset(); });
    server_.reset();
    loop_.stop();
  }

  void listen(ListenOptions options = {}) {
    auto server = HttpServer::listen(loop_, router_, options);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  void on_loop(const std::function<void()>& fn) { loop_.run_sync(fn); }
  [[nodiscard]] std::string url(const std::string& target,
                                const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(server_->port()) + target;
  }

  /// Sends bytes on a connection of their own; what comes back until it closes.
  std::string exchange(std::string_view bytes) {
    RawSocket socket(server_->port());
    socket.send(bytes);
    return socket.read_all();
  }
  /// Sends with one HttpClient that lives as long as the test, and waits for the answer.
  Result<HttpResponse> request(ClientRequest request) {
    std::promise<Result<HttpResponse>> promise;
    on_loop([&] {
      if (!client_) client_ = std::make_unique<HttpClient>(loop_);
      client_->request(std::move(request),
                       [&](Result<HttpResponse> result) { promise.set_value(std::move(result)); });
    });
    return promise.get_future().get();
  }
  Result<HttpResponse> get(const std::string& target) { return request(to(target)); }
  [[nodiscard]] ClientRequest to(const std::string& target) const {
    ClientRequest out;
    out.url = url(target);
    return out;
  }
  /// Opens a WebSocket and waits; `opened` runs on the loop before anything is received.
  Result<WebSocketPtr> connect(ClientRequest request, WebSocketOptions options = {},
                               std::function<void(const WebSocketPtr&)> opened = nullptr) {
    std::promise<Result<WebSocketPtr>> promise;
    on_loop([&] {
      connect_web_socket(loop_, std::move(request), options, [&](Result<WebSocketPtr> result) {
        if (result && opened) opened(*result);
        promise.set_value(std::move(result));
      });
    });
    return promise.get_future().get();
  }

  EventLoop loop_;
  std::shared_ptr<Router> router_ = std::make_shared<Router>();
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace surveillx::net
