#pragma once

#include "signaling_server.hpp"

#include "surveillx/net/client.hpp"
#include "surveillx/signaling/codec.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace surveillx::mediaserver::test {

using test_support::eventually;

/// Answered with a real webrtcbin; nobody ever connects to it.
inline constexpr std::string_view kOffer =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-options:trickle\r\n"
    "a=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n"
    "a=ice-ufrag:warm\r\na=ice-pwd:warmwarmwarmwarmwarmwarm\r\n"
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n";

/// Remembers how each camera was said to be, and counts the pictures. Loop thread only.
struct Reports final : Publisher {
  void start() override {}
  void stop() override {}
  [[nodiscard]] bool connected() const override { return true; }
  void frame(const domain::Camera&, const live::Frame& frame) override {
    ++frames[frame.camera_id];
  }
  void detection(const domain::Camera&, const live::Detection&) override {}
  void camera(const live::CameraReport& report) override {
    last[report.camera_id] = report;
    auto& told = states[report.camera_id];
    if (told.empty() || told.back() != report.state) told.push_back(report.state);
  }
  void attendance(const live::Attendance&) override {}
  [[nodiscard]] live::CameraDemand fixed_demand() const override { return {}; }

  std::map<CameraId, live::CameraReport> last;
  std::map<CameraId, std::vector<domain::CameraState>> states;  ///< Each change.
  std::map<CameraId, int> frames;
};

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

/// The offer above with another codec.
[[nodiscard]] inline std::string offer_of(std::string_view codec) {
  std::string sdp(kOffer);
  return sdp.replace(sdp.find("VP8"), 3, codec);
}

/// A CameraHub, a CameraAccess and a SignalingServer with a real database behind a real port.
class SignalingFixture : public testing::Test {
 protected:
  explicit SignalingFixture(const config::Config& config = {}) : config_(config) {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::create;
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral()).value();
    hub_.emplace(
        CameraHub::Parts{loop_, session_pool_, encode_pool_, metrics_}, config_);
    access_.emplace(CameraAccess::Parts{loop_, database_pool_, stranger_pool_, *store_, *hub_, metrics_,
                                        access_clock_},
                    config_);
    server_.emplace(SignalingServer::Parts{loop_, *access_, metrics_}, config_);
    loop_.start("loop");
    loop_.run_sync([&] { hub_->set_publisher(&reports_); });
    auto router = std::make_shared<net::Router>();
    server_->mount(*router);
    http_ = net::HttpServer::listen(loop_, router, {}).value();
  }
  ~SignalingFixture() override {
    loop_.run_sync([&] {
      server_->close_all();
      access_->stop();
    });
    http_.reset();
    session_pool_.stop();
    database_pool_.stop();
    stranger_pool_.stop();
    loop_.run_sync([&] {
      hub_->set_publisher(nullptr);
      server_.reset();
      access_.reset();
      hub_.reset();
    });
    EXPECT_TRUE(webrtc::drain(std::chrono::seconds(20)));
  }

  /// As the follower brings it, as of this moment.
  void news() {
    const auto read_at = system_clock().steady();
    bring(store_->cameras.list().value(), store_->cameras.token_hashes().value(), read_at);
  }
  void bring(std::vector<domain::Camera> cameras, std::unordered_map<CameraId, std::string> hashes,
             SteadyTime read_at) {
    loop_.run_sync([&] {
      access_->set_cameras({std::move(cameras), std::move(hashes), read_at});
    });
  }
  [[nodiscard]] Client connect(const std::string& token) {
    return Client(loop_, http_->port(), token);
  }
  [[nodiscard]] live::CameraReport report(const CameraId& camera) {
    live::CameraReport last;
    loop_.run_sync([&] { last = reports_.last[camera]; });
    return last;
  }
  /// Keeps both threads of the session pool busy until the promise is kept.
  [[nodiscard]] std::shared_ptr<std::promise<void>> hold_session_pool() {
    auto go = std::make_shared<std::promise<void>>();
    auto running = std::make_shared<std::atomic<int>>(0);
    const auto held = go->get_future().share();
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(session_pool_.try_post([held, running] {
        ++*running;
        held.wait();
      }));
    }
    EXPECT_TRUE(eventually([&] { return *running == 2; }));
    return go;
  }
  [[nodiscard]] std::size_t sessions(const CameraId& camera) {
    std::size_t count = 0;
    loop_.run_sync([&] { count = hub_->session_count(camera); });
    return count;
  }
  [[nodiscard]] std::size_t connections() {
    std::size_t count = 0;
    loop_.run_sync([&] { count = server_->connection_count(); });
    return count;
  }

  test_support::TempDir dir_;
  config::Config config_;
  telemetry::Metrics metrics_;
  ManualClock access_clock_;  ///< By which offers and wrong tokens are counted.
  Reports reports_;
  net::EventLoop loop_;
  WorkerPool session_pool_{"session", 2, 64};
  WorkerPool encode_pool_{"encode", 1, 64};
  WorkerPool database_pool_{"db", 1, 64};
  WorkerPool stranger_pool_{"strangers", 1, 64};
  std::shared_ptr<store::Store> store_;
  std::optional<CameraHub> hub_;
  std::optional<CameraAccess> access_;
  std::optional<SignalingServer> server_;
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace surveillx::mediaserver::test
