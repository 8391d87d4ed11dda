#pragma once

#include "access_fixture.hpp"
#include "signaling_server.hpp"

#include "surveillx/net/client.hpp"
#include "surveillx/signaling/codec.hpp"

namespace surveillx::mediaserver::test {

/// A camera's WebSocket: what came, and how it closed.
class Client {
 public:
  Client(net::EventLoop& loop, std::uint16_t port, const std::string& token) : loop_(loop) {
    loop_.run_sync([&] {
      net::ClientRequest request;
      request.url = "ws://127.0.0.1:" + std::to_string(port) + "/?token=" + token;
      net::connect_web_socket(loop_, request, {}, [state = state_](Result<net::WebSocketPtr> got) {
        if (!got) return;
        state->socket = *got;
        state->socket->on_message = [state](const SharedBytes& text, bool) {
          const std::lock_guard lock(state->mutex);
          if (auto message = signaling::decode(text.text())) state->got.push_back(*message);
        };
        state->socket->on_close = [state](std::uint16_t code, const std::string&) {
          const std::lock_guard lock(state->mutex);
          state->code = code;
        };
      });
    });
    EXPECT_TRUE(eventually([&] {
      bool open = false;
      loop_.run_sync([&] { open = state_->socket != nullptr; });
      return open;
    }));
  }

  /// Why no socket comes about; empty when one does.
  [[nodiscard]] static std::string refused(net::EventLoop& loop, std::uint16_t port,
                                           const std::string& token) {
    const auto why = std::make_shared<std::promise<std::string>>();
    loop.run_sync([&] {
      net::ClientRequest request;
      request.url = "ws://127.0.0.1:" + std::to_string(port) + "/?token=" + token;
      net::connect_web_socket(loop, request, {}, [why](Result<net::WebSocketPtr> got) {
        why->set_value(got ? "" : got.error().message);
      });
    });
    return why->get_future().get();
  }

  void send(const signaling::Message& message) {
    loop_.run_sync([&] { state_->socket->send_text(SharedBytes(signaling::encode(message))); });
  }
  void offer(std::string_view sdp = kOffer) {
    signaling::Offer offer;
    offer.sdp = sdp;
    send(offer);
  }
  void close() {
    loop_.run_sync([&] { state_->socket->close(1000, ""); });
  }

  template <class M>
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(state_->mutex);
    std::size_t found = 0;
    for (const auto& message : state_->got) found += std::holds_alternative<M>(message) ? 1 : 0;
    return found;
  }
  [[nodiscard]] bool answered(std::size_t times = 1) const {
    return eventually([&] { return count<signaling::Answer>() >= times; });
  }
  [[nodiscard]] bool closed_with(int code) const {
    return eventually([&] {
      const std::lock_guard lock(state_->mutex);
      return state_->code == code;
    });
  }
  [[nodiscard]] int code() const {
    const std::lock_guard lock(state_->mutex);
    return state_->code;
  }
  [[nodiscard]] std::string error_message(std::string_view name) const {
    const std::lock_guard lock(state_->mutex);
    for (const auto& message : state_->got) {
      const auto* error = std::get_if<signaling::ErrorMessage>(&message);
      if (error != nullptr && error->code == name) return error->message;
    }
    return "";
  }
  [[nodiscard]] bool got_error(std::string_view name) const {
    return eventually([&] {
      const std::lock_guard lock(state_->mutex);
      for (const auto& message : state_->got) {
        const auto* error = std::get_if<signaling::ErrorMessage>(&message);
        if (error != nullptr && error->code == name) return true;
      }
      return false;
    });
  }

 private:
  struct State {
    net::WebSocketPtr socket;
    mutable std::mutex mutex;
    std::vector<signaling::Message> got;
    int code = 0;
  };
  net::EventLoop& loop_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// The same with a SignalingServer behind a real port.
class SignalingFixture : public AccessFixture {
 protected:
  explicit SignalingFixture(const config::Config& config = {}) : AccessFixture(config) {
    auto router = std::make_shared<net::Router>();
    loop_.run_sync([&] {
      server_.emplace(SignalingServer::Parts{loop_, *access_, metrics_}, config_);
      server_->mount(*router);
    });
    http_ = net::HttpServer::listen(loop_, router, {}).value();
  }
  ~SignalingFixture() override {
    loop_.run_sync([&] {
      server_->close_all();
      access_->stop();
    });
    http_.reset();
    loop_.run_sync([&] { server_.reset(); });
  }

  [[nodiscard]] Client connect(const std::string& token) {
    return Client(loop_, http_->port(), token);
  }
  [[nodiscard]] std::size_t connections() {
    std::size_t count = 0;
    loop_.run_sync([&] { count = server_->connection_count(); });
    return count;
  }

  std::optional<SignalingServer> server_;
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace surveillx::mediaserver::test
