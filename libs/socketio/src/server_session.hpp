#pragma once

#include "surveillx/net/event_loop.hpp"
#include "surveillx/socketio/engine_server.hpp"
#include "surveillx/socketio/server.hpp"

#include "socket_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace surveillx::socketio {

class ServerSocket;

/// What an application does when somebody asks for a namespace, by its name.
using Namespaces = std::map<std::string, std::function<void(Server::Admission)>, std::less<>>;

/// The namespaces of one Engine.IO session: who asked for which, who was let in where.
struct ServerSession : std::enable_shared_from_this<ServerSession> {
  /// A namespace that the peer joined, or asked to join and waits for the answer (`socket` null).
  struct Place {
    std::uint32_t owner = 0;
    std::shared_ptr<ServerSocket> socket;
  };

  /// A CONNECT that waits for its turn to be asked about.
  struct Waiting {
    std::string name;
    std::uint32_t owner = 0;
    boost::json::object auth;
  };
  /// What the connections of a server share.
  struct Limits {
    std::chrono::milliseconds connect_timeout{};
    int max_refusals = 0;
    std::size_t max_payload = 0;
  };

  ServerSession(net::EventLoop& l, std::shared_ptr<EngineSocket> e, const Limits& bounds,
                const Namespaces* n, std::shared_ptr<EngineStats> counts);

  void start_connect_timer();
  void receive(Result<std::optional<SocketPacket>> packet);
  void connect(SocketPacket packet);
  void ask(Waiting waiting);
  void answered(std::uint32_t owner);
  void count_refusal();
  [[nodiscard]] SocketPtr admit(const std::string& name, std::uint32_t owner, Handshake handshake);
  void refuse(const std::string& name, std::uint32_t owner, const std::string& message);
  void leave(const std::string& name, bool by_server);
  void disconnect_all();
  void lost(std::string_view reason);

  net::EventLoop& loop;
  std::shared_ptr<EngineSocket> engine;
  Limits limits;
  /// Null once the server is gone.
  const Namespaces* namespaces;
  std::shared_ptr<EngineStats> stats;
  net::Timer connect_timer;
  Assembler assembler;
  std::map<std::string, Place> places;
  /// Namespaces that our side left: packets that crossed our DISCONNECT are no mistake.
  std::set<std::string> left_by_server;
  std::uint32_t last_owner = 0;
  /// The CONNECT that the application has not answered yet; 0: none.
  std::uint32_t asked = 0;
  std::deque<Waiting> unasked;
  int refusals = 0;
};

}  // namespace surveillx::socketio
