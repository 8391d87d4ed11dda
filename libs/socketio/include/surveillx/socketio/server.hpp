#pragma once

#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/socketio/engine_server.hpp"
#include "surveillx/socketio/event.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::socketio {

/// What is known of a peer when it connects to a namespace.
struct Handshake {
  boost::json::object auth;  ///< The CONNECT packet's payload.
  net::HttpRequest request;  ///< The first HTTP request of the Engine.IO session (cookies, Origin).
};

/// One peer's place in one namespace. Loop thread only. Valid after disconnecting too: calls are
/// then ignored.
class Socket {
 public:
  virtual ~Socket() = default;
  [[nodiscard]] virtual const std::string& id() const = 0;
  [[nodiscard]] virtual const Handshake& handshake() const = 0;
  [[nodiscard]] virtual bool connected() const = 0;

  /// Answers an event that asked for an acknowledgement; null when it did not.
  using Ack = std::function<void(Arguments)>;
  using Handler = std::function<void(const Arguments&, const Ack&)>;
  /// What the peer may send at once from now on, the options' `max_payload` at first.
  virtual void limit_payload(std::size_t bytes) = 0;
  virtual void on(std::string event, Handler handler) = 0;
  virtual void on_disconnect(std::function<void(std::string_view reason)> handler) = 0;

  virtual void emit(const EncodedEventPtr& event) = 0;
  /// `done` gets the answer, or nothing when the socket went away or `timeout` passed.
  virtual void emit_with_ack(std::string_view event, const Arguments& arguments,
                             std::chrono::milliseconds timeout,
                             std::function<void(std::optional<Arguments>)> done) = 0;
  /// For what only counts while it is new (a frame): at most one unsent event a `slot` waits for a
  /// slow peer, and a newer one replaces it. Returns false when it replaced one (a drop).
  virtual bool emit_latest(std::string_view slot, const EncodedEventPtr& event) = 0;
  /// What waits in the slot is not sent any more.
  virtual void drop_latest(std::string_view slot) = 0;
  /// Leaves the namespace; with `close_connection`, ends the whole Engine.IO session.
  virtual void disconnect(bool close_connection) = 0;
};
using SocketPtr = std::shared_ptr<Socket>;

/// Engine.IO 4 and Socket.IO 5 server: polling, WebSocket, upgrade, binary attachments,
/// acknowledgements, namespaces, heartbeats. Loop thread only, unless said otherwise.
class Server {
 public:
  [[nodiscard]] static std::unique_ptr<Server> create(net::EventLoop& loop, ServerOptions options);
  /// Ends every session. On the loop's thread, or after the loop has stopped.
  virtual ~Server() = default;

  /// Adds the routes of `options.path`; before the HTTP server listens.
  virtual void mount(net::Router& router) = 0;

  /// Answers a CONNECT: `accept()` returns the socket that `ready` of the namespace then gets;
  /// `refuse(message)` sends CONNECT_ERROR. Either may be called later, on the loop; when the peer
  /// has gone by then, `accept()` returns a socket that is not connected. A session's CONNECTs are
  /// asked about one after another, so that none costs more than one look-up at a time.
  struct Admission {
    Handshake handshake;
    std::function<SocketPtr()> accept;
    std::function<void(std::string message)> refuse;
  };
  /// Opens a namespace. A CONNECT to one that was not opened gets `Invalid namespace`.
  virtual void open_namespace(std::string name, std::function<void(Admission)> on_connect) = 0;

  using Stats = EngineStats;
  [[nodiscard]] virtual Stats stats() const = 0;
};

}  // namespace surveillx::socketio
