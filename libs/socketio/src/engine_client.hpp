#pragma once

#include "surveillx/net/client.hpp"
#include "surveillx/net/event_loop.hpp"

#include "engine_codec.hpp"
#include "outbox.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::socketio {

/// One Engine.IO connection as a client, from the handshake to its end; for the next attempt a new
/// one is made. Starts with polling and upgrades before anything else is sent, so that no poll has
/// to be paused; stays with polling when that fails. Loop thread only.
class EngineClient : public std::enable_shared_from_this<EngineClient> {
 public:
  struct Options {
    std::string url;   ///< http[s]://HOST:PORT
    std::string path;  ///< With slashes at both ends.
    net::Headers headers;
    net::TlsTrust trust;
  };

  EngineClient(net::EventLoop& loop, Options options);
  ~EngineClient();

  std::function<void()> on_open;
  std::function<void(std::string_view text)> on_text;
  std::function<void(SharedBytes bytes)> on_binary;
  /// Once, unless `close` was called.
  std::function<void(std::string reason)> on_close;

  void start();
  /// False when it is not open, the event is beyond the server's limit, or too much is unsent.
  bool send(const EncodedEventPtr& event);
  /// At most one unsent event a slot; false when it replaced one or was not taken.
  bool send_latest(std::string_view slot, const EncodedEventPtr& event);
  /// Ends it politely: `farewell` is the last message. No callbacks any more. A polling server only
  /// hears of it while this object lives.
  void close(const EncodedEventPtr& farewell);
  /// Ends it because of what the server sent or did not send; `on_close` is called.
  void fail(std::string reason);

  [[nodiscard]] std::string_view transport() const;

 private:
  enum class State { idle, opening, probing, open, closed };

  [[nodiscard]] std::string address(bool web_socket) const;
  [[nodiscard]] net::ClientRequest request(const char* method, std::string url) const;
  void opened(const net::HttpResponse& response);
  void try_upgrade();
  void probe(net::WebSocketPtr socket);
  void give_up_upgrade(std::string_view why);
  void begin();
  void receive(const SharedBytes& message, bool binary);
  void handle(const EnginePacket& packet);
  void expect_ping();
  void poll();
  void polled(const net::HttpResponse& response);
  void post_soon();
  void post();
  void control(std::string_view packet);
  void write(const EncodedEventPtr& event);
  void drain();
  [[nodiscard]] bool fits(const EncodedEventPtr& event) const;
  [[nodiscard]] std::shared_ptr<EngineClient> end();

  net::EventLoop& loop_;
  Options options_;
  State state_ = State::idle;
  OpenInfo info_;
  std::vector<std::string> early_;  ///< Packets that came with the handshake.

  std::unique_ptr<net::HttpClient> poll_http_;
  std::unique_ptr<net::HttpClient> post_http_;
  std::unique_ptr<net::HttpClient> farewell_http_;
  bool posting_ = false;
  bool post_posted_ = false;
  net::WebSocketPtr web_socket_;
  net::WebSocketPtr probe_;
  Outbox outbox_;
  net::Timer heartbeat_;
  net::Timer probe_timer_;
};

}  // namespace surveillx::socketio
