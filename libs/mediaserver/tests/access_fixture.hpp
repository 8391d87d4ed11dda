#pragma once

#include "camera_access.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
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

/// The offer above with another codec.
[[nodiscard]] inline std::string offer_of(std::string_view codec) {
  std::string sdp(kOffer);
  return sdp.replace(sdp.find("VP8"), 3, codec);
}

/// A CameraHub and a CameraAccess with a real database, and no way in.
class AccessFixture : public testing::Test {
 protected:
  explicit AccessFixture(const config::Config& config = {}) : config_(config) {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::create;
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral()).value();
    hub_.emplace(CameraHub::Parts{loop_, session_pool_, encode_pool_, metrics_}, config_);
    access_.emplace(CameraAccess::Parts{loop_, database_pool_, stranger_pool_, *store_, *hub_,
                                        session_pool_, metrics_, access_clock_},
                    config_);
    loop_.start("loop");
    loop_.run_sync([&] { hub_->set_publisher(&reports_); });
  }
  ~AccessFixture() override {
    loop_.run_sync([&] {
      if (access_) access_->stop();
    });
    session_pool_.stop();
    database_pool_.stop();
    stranger_pool_.stop();
    loop_.run_sync([&] {
      hub_->set_publisher(nullptr);
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
};

}  // namespace surveillx::mediaserver::test
