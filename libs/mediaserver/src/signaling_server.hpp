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

/// The WebSockets of DESIGN 5 on their way between signaling::ServerSession and the CameraHub.
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
  void check_tokens(const std::unordered_map<CameraId, std::string>& hashes);
  /// Says goodbye to every socket; for shutdown.
  void close_all();
  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

 private:
  class Connection;
  friend class Connection;

  void accepted(net::WebSocketPtr socket, std::optional<std::string> token);
  void forget(const std::shared_ptr<Connection>& connection);
  [[nodiscard]] std::size_t unauthenticated() const;

  Parts parts_;
  config::Config config_;
  std::set<std::shared_ptr<Connection>> connections_;
  telemetry::Counter refused_tokens_;
  telemetry::Counter bad_messages_;
  telemetry::Gauge open_sockets_;
};

}  // namespace surveillx::mediaserver
