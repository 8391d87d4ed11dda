#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <unordered_map>

#include "camera_hub.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/signaling/server_session.hpp"
#include "surveillx/store/store.hpp"

namespace surveillx::mediaserver {

/// The signalling WebSockets (contracts/signaling.schema.json) on their way between signaling::ServerSession and the CameraHub.
/// Loop thread only.
class SignalingServer {
 public:
  struct Parts {
    net::EventLoop& loop;
    WorkerPool& database_pool;
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

 private:
  class Connection;
  friend class Connection;

  void accepted(net::WebSocketPtr socket, std::optional<std::string> token);
  void forget(const std::shared_ptr<Connection>& connection);
  [[nodiscard]] std::size_t unauthenticated() const;
  /// Whether the news that we have speak against a token that was presented at `asked_at`.
  [[nodiscard]] bool revoked(const CameraId& camera, const std::string& hash,
                             SteadyTime asked_at) const;

  Parts parts_;
  config::Config config_;
  std::set<std::shared_ptr<Connection>> connections_;
  std::unordered_map<CameraId, std::string> hashes_;  ///< As of `hashes_read_at_`.
  SteadyTime hashes_read_at_{};
  telemetry::Counter refused_tokens_;
  telemetry::Counter bad_messages_;
  telemetry::Gauge open_sockets_;
};

}  // namespace surveillx::mediaserver
