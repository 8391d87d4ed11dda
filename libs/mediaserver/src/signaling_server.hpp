#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "camera_access.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/signaling/server_session.hpp"

namespace surveillx::mediaserver {

/// The signalling WebSockets (contracts/signaling.schema.json): a front end of CameraAccess, with
/// signaling::ServerSession as what it says. Loop thread only.
///
/// Strangers, sockets that have shown no token or one that no camera had when the database was last
/// read, are bounded in number (`signaling.max_unauthenticated`, kMaxStrangersPerAddress; the oldest
/// gives way), and each may have one token looked up.
class SignalingServer {
 public:
  struct Parts {
    net::EventLoop& loop;
    CameraAccess& access;
    telemetry::Metrics& metrics;
  };
  SignalingServer(Parts parts, const config::Config& config);
  ~SignalingServer();

  /// Adds the upgrade route `/`.
  void mount(net::Router& router);
  /// Says goodbye to every socket, strangers' too; for shutdown, before CameraAccess::stop.
  void close_all();
  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

  /// Strangers' sockets that one address (/64 of IPv6) may have.
  static constexpr std::size_t kMaxStrangersPerAddress = 8;
  /// Sockets of one camera without a session.
  static constexpr std::size_t kMaxIdlePerCamera = 8;

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

  Parts parts_;
  config::Config config_;
  std::vector<ConnectionPtr> connections_;  ///< Oldest first.
  telemetry::Counter refused_tokens_;
  telemetry::Counter bad_messages_;
  telemetry::Counter gave_way_;
  telemetry::Gauge open_sockets_;
};

}  // namespace surveillx::mediaserver
