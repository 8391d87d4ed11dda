#pragma once

#include "surveillx/net/client.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/socketio/event.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::socketio {

struct ClientOptions {
  std::string url;  ///< http[s]://HOST:PORT
  std::string path = "/socket.io/";
  std::string name_space = "/stream";
  boost::json::object auth;  ///< Sent with CONNECT; empty: none.
  net::Headers headers;
  net::TlsTrust trust;
  std::chrono::milliseconds reconnect_min{500};  ///< Doubles up to the maximum, with jitter.
  std::chrono::milliseconds reconnect_max{5'000};
};

/// A Socket.IO 5 client for one namespace: starts with polling, upgrades where the server offers
/// WebSocket, goes on with polling where it does not, reconnects for ever. Loop thread only.
class Client {
 public:
  [[nodiscard]] static std::unique_ptr<Client> create(net::EventLoop& loop, ClientOptions options);
  virtual ~Client() = default;

  /// Set before `start`.
  std::function<void()> on_connect;
  std::function<void(std::string reason)> on_disconnect;
  /// The server refused the CONNECT (`{message}`); it is tried again with the slowest back-off.
  std::function<void(std::string message)> on_refused;
  std::function<void(std::string_view event, const Arguments&)> on_event;
  /// Instead of `on_event`, for who answers events: `ack` is null when none was asked for. Without
  /// this an event that asks gets an empty acknowledgement.
  using Ack = std::function<void(Arguments)>;
  std::function<void(std::string_view event, const Arguments&, const Ack& ack)> on_event_with_ack;

  virtual void start() = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual bool connected() const = 0;
  /// Dropped (returns false) while not connected: the caller decides what survives a reconnect.
  /// Also false when the event is beyond the server's payload limit or too much is unsent already.
  virtual bool emit(std::string_view event, const Arguments& arguments) = 0;
  /// `done` gets the answer, or nothing when the connection was lost or `timeout` passed.
  virtual void emit_with_ack(std::string_view event, const Arguments& arguments,
                             std::chrono::milliseconds timeout,
                             std::function<void(std::optional<Arguments>)> done) = 0;
  /// As the server's emit_latest: one unsent event a slot. False when it replaced one (a drop) and
  /// when it was not taken, as for `emit`.
  virtual bool emit_latest(std::string_view slot, std::string_view event,
                           const Arguments& arguments) = 0;
  /// `websocket`, `polling` or empty.
  [[nodiscard]] virtual std::string_view transport() const = 0;
};

}  // namespace surveillx::socketio
