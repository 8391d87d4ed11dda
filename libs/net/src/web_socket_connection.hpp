#pragma once

#include "surveillx/net/web_socket.hpp"

#include "stream.hpp"
#include "web_socket_codec.hpp"
#include "web_socket_receiver.hpp"
#include "web_socket_sender.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace surveillx::net {

/// One open WebSocket on a stream whose HTTP upgrade is decided: reads into its Receiver, writes
/// from its Sender, and closes. Keeps itself alive until it is over.
class WebSocketConnection final : public WebSocket,
                                  public StreamUser,
                                  public LoopBound,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  using Role = web_socket::Role;
  struct Setup {
    std::shared_ptr<Stream> stream;
    Role role = Role::server;
    WebSocketOptions options;
    std::string remote_address;  ///< Empty: the socket's own.
    std::string received;        ///< Bytes of frames that were read with the HTTP message.
    SharedBytes preamble;        ///< Goes out first: the server's 101 answer.
    std::function<void()> over;  ///< After `on_close`: nothing is left.
  };

  static std::shared_ptr<WebSocketConnection> create(EventLoop& loop, Setup setup);
  WebSocketConnection(EventLoop& loop, Setup setup);
  /// Begins to read: once the owner has had the chance to set its callbacks.
  void start();

  void send_text(SharedBytes message) override;
  void send_binary(SharedBytes message) override;
  [[nodiscard]] std::size_t queued() const override { return sender_.queued(); }
  [[nodiscard]] std::size_t queued_bytes() const override { return sender_.queued_bytes(); }
  void close(std::uint16_t code, std::string_view reason) override;
  void abort() override;
  void set_max_message_bytes(std::size_t bytes) override { receiver_.set_max_message_bytes(bytes); }
  [[nodiscard]] const std::string& remote_address() const override { return remote_address_; }

  void on_read(const error_code& ec, std::size_t size) override;
  void on_written(const error_code& ec) override;
  void loop_gone() override;

 private:
  enum class State { open, closing, over };

  // Receiving.
  void read_more();
  void consume_input();
  bool deliver();
  void wait_for_receiver();
  void received_close();
  /// The peer broke a rule: tells it so.
  void received_failure();

  // Sending.
  void send_message(web_socket::Opcode opcode, SharedBytes message);
  void schedule_flush();
  void flush();
  void batch_written();
  void send_close(std::uint16_t code, std::string_view reason);
  void close_frame_sent();

  void watch_peer();
  void watch_closing();
  void finish(std::uint16_t code, std::string reason, bool politely);

  EventLoop& loop_;
  std::shared_ptr<Stream> stream_;
  std::string remote_address_;
  const Role role_;
  const std::chrono::milliseconds ping_interval_;
  std::function<void()> over_;
  std::shared_ptr<WebSocketConnection> self_;
  State state_ = State::open;

  web_socket::Receiver receiver_;
  bool reading_ = false;
  bool receiver_missing_ = false;  ///< A message waits for on_message.

  web_socket::Sender sender_;
  bool writing_ = false;
  bool flush_scheduled_ = false;

  bool close_queued_ = false;
  bool close_sent_ = false;
  bool close_received_ = false;
  web_socket::CloseReason close_reason_{web_socket::kAbnormal, {}};

  std::chrono::steady_clock::time_point last_heard_;
  bool ping_sent_ = false;
  std::uint64_t progress_ = 0;
  Timer timer_;
  Timer receiver_timer_;
};

}  // namespace surveillx::net
