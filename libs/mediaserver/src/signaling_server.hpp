#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "camera_hub.hpp"
#include "surveillx/base/rate_limits.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/signaling/server_session.hpp"
#include "surveillx/store/store.hpp"

namespace surveillx::mediaserver {

/// The signalling WebSockets (contracts/signaling.schema.json) on their way between
/// signaling::ServerSession and the CameraHub. Loop thread only.
///
/// Strangers, sockets that have shown no token or one that no camera had when the database was last
/// read, are bounded: in number (`signaling.max_unauthenticated`, kMaxStrangersPerAddress; the oldest
/// gives way), and in what they may ask of the database (a pool of their own, one look-up a socket,
/// wrong tokens counted by address). A camera whose token is known waits behind none of them.
class SignalingServer {
 public:
  struct Parts {
    net::EventLoop& loop;
    WorkerPool& database_pool;  ///< Looks up the tokens that cameras had a moment ago.
    WorkerPool& stranger_pool;  ///< Looks up all others.
    store::Store& store;
    CameraHub& hub;
    telemetry::Metrics& metrics;
  };
  SignalingServer(Parts parts, const config::Config& config);
  ~SignalingServer();

  /// Adds the upgrade route `/`.
  void mount(net::Router& router);
  /// Cameras or tokens changed: ends the sessions whose token is not the camera's any more (4401).
  /// `read_at` is when reading the hashes began; a token that was looked up later counts.
  void check_tokens(std::unordered_map<CameraId, std::string> hashes, SteadyTime read_at);
  /// Says goodbye to every socket; for shutdown.
  void close_all();
  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

  /// Strangers' sockets that one address (/64 of IPv6) may have.
  static constexpr std::size_t kMaxStrangersPerAddress = 8;
  /// Sockets of one camera without a session.
  static constexpr std::size_t kMaxIdlePerCamera = 8;
  /// Wrong tokens that one address may show at once; another comes back each kWrongTokenRefill.
  static constexpr int kMaxWrongTokens = 30;
  static constexpr std::chrono::milliseconds kWrongTokenRefill{1'000};

 private:
  class Connection;
  friend class Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;

  void accepted(const net::HttpRequest& request, net::WebSocketPtr socket,
                std::optional<std::string> token);
  void forget(const ConnectionPtr& connection);
  /// Makes room for one more stranger of this address.
  void make_room(const std::string& address_group);
  /// The oldest of the camera's sockets without a session give way.
  void bound_idle(const CameraId& camera);
  /// Whether a camera had this token when the database was last read.
  [[nodiscard]] bool known(const std::string& hash) const { return known_.contains(hash); }
  /// Whether the news that we have speak against a token that was presented at `asked_at`.
  [[nodiscard]] bool revoked(const CameraId& camera, const std::string& hash,
                             SteadyTime asked_at) const;

  Parts parts_;
  config::Config config_;
  std::vector<ConnectionPtr> connections_;  ///< Oldest first.
  std::unordered_map<CameraId, std::string> hashes_;  ///< As of `hashes_read_at_`.
  std::unordered_set<std::string> known_;             ///< The values of `hashes_`.
  SteadyTime hashes_read_at_{};
  RateLimits wrong_tokens_;  ///< By address.
  telemetry::Counter refused_tokens_;
  telemetry::Counter bad_messages_;
  telemetry::Counter gave_way_;
  telemetry::Counter refused_addresses_;
  telemetry::Gauge open_sockets_;
};

}  // namespace surveillx::mediaserver
