#pragma once

#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http.hpp"
#include "surveillx/net/web_socket.hpp"
#include "surveillx/socketio/engine_server.hpp"

#include "engine_codec.hpp"
#include "outbox.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::socketio {

/// The server's side of one Engine.IO session: long-polling, WebSocket, and the way from the one to
/// the other. The server keeps it while it is open (and for a short while after, so that a polling
/// peer can still collect what was sent before the end).
class EngineSession final : public EngineSocket,
                            public std::enable_shared_from_this<EngineSession> {
 public:
  /// What a session needs of its server; outlives the server through shared ownership.
  struct Context {
    explicit Context(net::EventLoop& l, ServerOptions o) : loop(l), options(std::move(o)) {}
    net::EventLoop& loop;
    ServerOptions options;
    EngineStats stats;
    std::function<void(const std::string& sid)> forget;
    std::function<void(std::uint64_t serial)> admitted;
  };

  /// `serial`: how the server counts it.
  EngineSession(std::shared_ptr<Context> context, net::HttpRequest request, std::uint64_t serial);

  /// One of these starts the session: it sends the `open` packet.
  void start_polling(const net::HttpResponder& respond);
  void start_web_socket(net::WebSocketPtr socket);

  // A request for this session. `respond` is answered, now or later.
  void poll(const net::HttpRequest& request, net::HttpResponder respond);
  /// The header of a POST was read; another one that is under way ends the session.
  void begin_post(const std::shared_ptr<net::RequestWatch>& watch);
  void post(const net::HttpRequest& request, const net::HttpResponder& respond);
  /// A second WebSocket for the session: the start of an upgrade, or a mistake that closes it.
  void probe(const net::HttpRequest& request, net::WebSocketPtr socket);
  /// Every request for this session: once it was let in, the connections that it uses are no
  /// strangers' either.
  void vouch_for(const net::HttpRequest& request) const {
    if (admitted_ || trusted_) request.admit();
  }
  [[nodiscard]] std::size_t max_payload() const { return max_payload_; }
  [[nodiscard]] std::uint64_t serial() const { return serial_; }

  [[nodiscard]] bool polling() const { return web_socket_ == nullptr; }
  /// Whether requests still find it: open, or waiting for the last poll.
  [[nodiscard]] bool reachable() const { return state_ != State::closed; }

  // EngineSocket
  [[nodiscard]] const std::string& id() const override { return sid_; }
  [[nodiscard]] const net::HttpRequest& request() const override { return request_; }
  [[nodiscard]] bool open() const override { return state_ == State::open; }
  void send_text(std::string_view text) override;
  void send_binary(SharedBytes bytes) override;
  void send(const EncodedEventPtr& event) override;
  bool send_latest(std::uint32_t owner, std::string_view slot,
                   const EncodedEventPtr& event) override;
  void drop_latest(std::uint32_t owner, std::string_view slot) override;
  void drop_latest(std::uint32_t owner) override;
  void admit(std::size_t max_payload) override;
  [[nodiscard]] bool admitted() const override { return admitted_; }
  void close(std::string_view reason) override;
  void reject(std::string_view reason) override;

  /// Ends it at once, for a newcomer's sake.
  void give_way();
  /// Its first request has shown that it is one of ours, which is not yet being let in.
  void trust() {
    trusted_ = true;
    vouch_for(request_);
  }
  /// Ends it at once, without waiting for a last poll: the server goes away.
  void shut_down();

 private:
  enum class State { open, closing, closed };
  /// How a session ends decides what its transports still say.
  enum class Ending { by_peer, by_server, by_error, at_once };

  void handle(const EnginePacket& packet);
  void handle_probe_text(std::string_view text);
  void complete_upgrade();
  void drop_probe();
  void attach(const net::WebSocketPtr& socket);
  void schedule_ping(std::chrono::steady_clock::time_point due);
  void send_ping();
  void check_heartbeat();
  [[nodiscard]] std::size_t stranger_unsent_bytes() const;
  void queue(EncodedEventPtr event);
  void flush_soon();
  void flush();
  void flush_polling();
  void flush_web_socket();
  void write(const EncodedEvent& event);
  void answer_poll(std::string body);
  void count_sent(const EncodedEvent& event);
  void finish(Ending ending, std::string_view reason);
  [[nodiscard]] std::string open_packet() const;

  std::shared_ptr<Context> context_;
  net::HttpRequest request_;
  std::string sid_;
  const std::uint64_t serial_;
  State state_ = State::open;
  bool admitted_ = false;
  bool trusted_ = false;
  std::size_t max_payload_;

  Outbox outbox_;
  bool flush_posted_ = false;

  // Polling.
  net::HttpResponder pending_poll_;
  std::shared_ptr<net::RequestWatch> pending_watch_;
  std::weak_ptr<net::RequestWatch> active_post_;

  // WebSocket, and one that is about to become it.
  net::WebSocketPtr web_socket_;
  net::WebSocketPtr probe_;
  std::shared_ptr<net::PeerStanding> socket_standing_;  ///< Of the newer of the two.
  std::shared_ptr<net::PeerStanding> poll_standing_;
  bool probed_ = false;  ///< The probe was answered: polls are let go at once.

  net::Timer heartbeat_;
  net::Timer probe_timer_;
  net::Timer linger_;
  std::optional<std::chrono::steady_clock::time_point> pong_due_;
  std::chrono::steady_clock::time_point ping_due_;
};

}  // namespace surveillx::socketio
