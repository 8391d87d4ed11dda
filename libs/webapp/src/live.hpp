#pragma once

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/live/demand.hpp"
#include "surveillx/live/media_hello.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/socketio/server.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"

#include "attendance_feed.hpp"
#include "gate.hpp"
#include "site_follower.hpp"
#include "viewer_hub.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace surveillx::webapp {

struct LiveOptions {
  config::Config config;
  std::shared_ptr<store::Store> store;
  std::string version;
  const Clock* clock = nullptr;
  std::chrono::milliseconds poll_interval{500};
};

/// What the rest of web may know of the live side.
struct LiveFacts {
  bool media_connected = false;
  bool signaling_listening = false;  ///< Some node does, as it told; true when it said nothing.
  std::optional<live::EngineFacts> engine;
  std::vector<CameraStatus> cameras;
};

/// The Socket.IO side: lets viewers and media in, connects them to the hub, and passes on what the
/// follower finds in the database: cameras, attendance, sessions that ended or whose user has got
/// another role. On the loop's thread; SQL on the pool. Created and destroyed on the loop.
class Live : public std::enable_shared_from_this<Live> {
 public:
  /// `pool`: for following the database, with nobody's requests in its way.
  Live(net::EventLoop& loop, WorkerPool& pool, TokenLookups& lookups, const Gate& gate,
       LiveOptions options);
  ~Live();

  /// Before the HTTP server listens.
  void mount(net::Router& router) { server_->mount(router); }
  /// Starts the timers. `cameras` is the list as it is now.
  void start(const std::vector<domain::Camera>& cameras, const store::Revisions& revisions);

  void drop_session(const std::string& session_id);
  /// All sockets of a user but those of the session `except`.
  void drop_user(const UserId& user, const std::string& except);
  [[nodiscard]] LiveFacts facts() const;
  void export_metrics(telemetry::Metrics& metrics);

 private:
  struct Peer {
    socketio::SocketPtr socket;
    ViewerId viewer = 0;
    std::string session_id;
    UserId user;
    UnixMillis expires_at{};
  };
  /// A connected media node.
  struct Node {
    socketio::SocketPtr socket;
    live::MediaHello hello;
    bool malformed_logged = false;
  };

  [[nodiscard]] HubOptions hub_options();
  [[nodiscard]] SiteEvents site_events();
  void on_connect(socketio::Server::Admission admission);
  void admit_viewer(const socketio::Server::Admission& admission, const store::Session& session);
  void admit_media(const socketio::Server::Admission& admission);
  void forget(const std::string& socket_id);
  void drop(const std::vector<std::string>& socket_ids);
  /// The end when no node of that name is connected.
  [[nodiscard]] std::map<NodeId, Node>::iterator node_named(const std::string& name);
  /// A newer connection of the same node has come.
  void replace_node(const std::string& name);
  /// The sessions with open sockets: all, or those whose time is over.
  [[nodiscard]] std::vector<std::string> sessions(bool all) const;
  void session_goes_on(const store::Session& session);

  TokenLookups& lookups_;
  const Gate& gate_;
  LiveOptions options_;
  std::vector<std::string> media_tokens_;
  std::unique_ptr<socketio::Server> server_;
  ViewerHub hub_;
  AttendanceFeed feed_;
  std::unordered_map<std::string, Peer> peers_;  ///< By socket id.
  std::map<NodeId, Node> nodes_;
  NodeId next_node_ = 1;
  std::optional<live::EngineFacts> engine_;  ///< Of the node that connected last.
  std::shared_ptr<SiteFollower> follower_;
  net::Timer tick_timer_;
};

}  // namespace surveillx::webapp
