#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "surveillx/base/bytes.hpp"

namespace surveillx::net {

/// One open WebSocket (RFC 6455), server or client side. All calls and callbacks are on the loop's
/// thread. The connection keeps itself alive while open; callbacks must hold weak references to
/// whatever owns it. `on_close` is called exactly once, also after our own `close`.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// Set before the handler that delivered the connection returns; messages that arrive earlier wait.
  std::function<void(SharedBytes message, bool binary)> on_message;
  /// `code` 1006 when the peer went away without a close frame.
  std::function<void(std::uint16_t code, std::string reason)> on_close;
  /// Called whenever the send queue has become empty.
  std::function<void()> on_drained;

  virtual void send_text(SharedBytes message) = 0;
  virtual void send_binary(SharedBytes message) = 0;
  /// Messages queued or being written. A slow peer is one whose count stays above zero.
  [[nodiscard]] virtual std::size_t queued() const = 0;
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
  /// Sends what is queued, then a close frame, and gives the peer 1 s to answer it.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  /// Drops the connection at once, without a close frame.
  virtual void abort() = 0;
  /// Of the messages that begin from now on: more for a peer that was let in.
  virtual void set_max_message_bytes(std::size_t bytes) = 0;
  /// Of a server's connection: the client's, as `HttpRequest::remote_address`.
  [[nodiscard]] virtual const std::string& remote_address() const = 0;
};

using WebSocketPtr = std::shared_ptr<WebSocket>;

struct WebSocketOptions {
  std::size_t max_message_bytes = 1024 * 1024;
  /// Ping when nothing was heard for this long; abort after twice as long. Zero: no pings.
  std::chrono::milliseconds ping_interval{15'000};
};

}  // namespace surveillx::net
