#pragma once

#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/socketio/event.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace surveillx::socketio {

struct ServerOptions {
  std::string path = "/socket.io/";
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::size_t max_payload = 1'000'000;
  /// To join a namespace, from the session's start and from leaving its last one.
  std::chrono::milliseconds connect_timeout{45'000};
  /// `*` or one origin; empty: no CORS header, and cross-origin requests are refused
  /// (`allow_origin`).
  std::string cors_origin;
  /// Decides on a request's Origin (never called without one). Default: same host as `Host`.
  std::function<bool(const net::HttpRequest&)> allow_origin;
  /// Sessions that were let in; strangers have bounds of their own.
  std::size_t max_sessions = 2'000;
  std::size_t max_sessions_per_address = 0;  ///< All of one address (address_group); 0: no limit.
  /// What may wait for a slow peer; one that has more waiting is disconnected.
  std::size_t max_unsent_bytes = 8 * 1024 * 1024;
  std::size_t max_unsent_events = 4'096;

  /// Sessions nobody of which was let in yet, in sum and by address: with all taken, the oldest of
  /// the address that holds most gives way to a newcomer.
  std::size_t max_strangers = 512;
  std::size_t max_strangers_per_address = 64;
  std::size_t stranger_payload = 0;  ///< What such a session may send at once; 0: `max_payload`.
  std::size_t stranger_unsent_bytes = 16 * 1024;
  /// Refused CONNECTs of a stranger, after which the session ends.
  int max_refusals = 3;
  /// Whether a session's first request already shows that its peer is one of ours (media), which is
  /// then bound by no count and never gives way. Null: nobody's does.
  std::function<bool(const net::HttpRequest&)> reserved;
};

struct EngineStats {
  std::size_t sessions = 0;
  std::uint64_t events_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t latest_dropped = 0;
  std::uint64_t packets_refused = 0;
  std::uint64_t overflows = 0;  ///< Peers disconnected for being too slow for their events.
  std::size_t strangers = 0;    ///< Of the sessions: not let in yet.
  std::uint64_t gave_way = 0;   ///< Strangers' sessions ended for newcomers.
  std::uint64_t too_many_sessions = 0;
  std::uint64_t not_admitted_in_time = 0;
  std::uint64_t connects_refused = 0;
  std::uint64_t refused_too_often = 0;  ///< Sessions ended after their last refused CONNECT.
  std::uint64_t other_protocol = 0;     ///< Clients of another Engine.IO.
  std::uint64_t too_large = 0;          ///< Requests over what their session may send.
};

/// One Engine.IO session, whatever its transport. Loop thread only. Valid after it has ended: calls
/// are then ignored.
class EngineSocket {
 public:
  virtual ~EngineSocket() = default;

  /// Set these in `on_connection`; nothing arrives before it returns.
  std::function<void(std::string_view text)> on_text;
  std::function<void(SharedBytes bytes)> on_binary;
  /// Exactly once; `reason` in Socket.IO's words, such as `transport close` or `ping timeout`.
  std::function<void(std::string_view reason)> on_close;

  [[nodiscard]] virtual const std::string& id() const = 0;
  /// The request that opened the session.
  [[nodiscard]] virtual const net::HttpRequest& request() const = 0;
  [[nodiscard]] virtual bool open() const = 0;

  virtual void send_text(std::string_view text) = 0;
  virtual void send_binary(SharedBytes bytes) = 0;
  virtual void send(const EncodedEventPtr& event) = 0;
  /// At most one unsent event per `owner` and `slot`; false when it replaced one.
  virtual bool send_latest(std::uint32_t owner, std::string_view slot,
                           const EncodedEventPtr& event) = 0;
  /// Forgets what `owner` has waiting in the slot.
  virtual void drop_latest(std::uint32_t owner, std::string_view slot) = 0;
  /// The same for all its slots.
  virtual void drop_latest(std::uint32_t owner) = 0;
  /// Somebody known is behind it: no stranger's limits any more, `max_payload` bytes at once.
  virtual void admit(std::size_t max_payload) = 0;
  [[nodiscard]] virtual bool admitted() const = 0;
  /// Ends the session after what was sent before.
  virtual void close(std::string_view reason) = 0;
  /// Ends it because of what the peer sent (`packets_refused` counts it).
  virtual void reject(std::string_view reason) = 0;
};

/// An Engine.IO 4 server: HTTP long-polling, WebSocket, upgrade, heartbeats. Loop thread only.
class EngineServer {
 public:
  [[nodiscard]] static std::unique_ptr<EngineServer> create(net::EventLoop& loop,
                                                            ServerOptions options);
  /// Ends every session. On the loop's thread, or after the loop has stopped.
  virtual ~EngineServer() = default;

  /// Set before `mount`.
  std::function<void(const std::shared_ptr<EngineSocket>&)> on_connection;

  /// Adds the routes of `options.path`; before the HTTP server listens.
  virtual void mount(net::Router& router) = 0;
  [[nodiscard]] virtual EngineStats stats() const = 0;
};

}  // namespace surveillx::socketio
