#pragma once

#include "surveillx/net/web_socket.hpp"

#include "stream.hpp"
#include "web_socket_codec.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace surveillx::net {

/// One open WebSocket on a stream whose HTTP upgrade is decided. Keeps itself alive until it is
/// over.
class WebSocketConnection final : public WebSocket,
                                  public StreamUser,
                                  public LoopBound,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  /// A server sends unmasked and demands masked frames; a client the other way round.
  enum class Role { server, client };
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
  [[nodiscard]] std::size_t queued() const override { return queued_; }
  [[nodiscard]] std::size_t queued_bytes() const override { return queued_bytes_; }
  void close(std::uint16_t code, std::string_view reason) override;
  void abort() override;
  void set_max_message_bytes(std::size_t bytes) override { options_.max_message_bytes = bytes; }
  [[nodiscard]] const std::string& remote_address() const override {
    return remote_address_;
  }

  void on_read(const error_code& ec, std::size_t size) override;
  void on_written(const error_code& ec) override;
  void loop_gone() override;

 private:
  enum class State { open, closing, over };
  enum class Kind { message, control, close, preamble };
  struct Item {
    Kind kind = Kind::message;
    web_socket::Opcode opcode = web_socket::Opcode::binary;
    web_socket::HeaderBytes header;
    SharedBytes payload;
  };

  // Receiving.
  void read_more();
  void consume_input();
  bool begin_frame(const web_socket::FrameHeader& header);
  bool take_payload(std::span<std::uint8_t> bytes);
  bool end_frame();
  bool end_control_frame();
  bool deliver();
  void wait_for_receiver();
  void received_close(const web_socket::CloseReason& reason);
  void fail(std::uint16_t code, std::string reason);

  // Sending.
  void enqueue(Kind kind, web_socket::Opcode opcode, SharedBytes payload);
  void send_message(web_socket::Opcode opcode, SharedBytes message);
  void schedule_flush();
  void flush();
  void pop_written();
  void drop_unsent();
  void send_close(std::uint16_t code, std::string_view reason);
  void close_frame_sent();

  void watch_peer();
  void watch_closing();
  void finish(std::uint16_t code, std::string reason, bool politely);

  EventLoop& loop_;
  std::shared_ptr<Stream> stream_;
  std::string remote_address_;
  const Role role_;
  WebSocketOptions options_;
  std::function<void()> over_;
  std::shared_ptr<WebSocketConnection> self_;
  State state_ = State::open;

  std::vector<std::uint8_t> input_;
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  bool reading_ = false;
  bool reading_into_message_ = false;
  bool in_payload_ = false;
  web_socket::FrameHeader frame_;
  std::uint64_t frame_read_ = 0;
  std::array<std::uint8_t, 125> control_{};
  Bytes message_;
  std::size_t message_size_ = 0;  ///< Filled part of message_.
  bool in_message_ = false;
  bool message_binary_ = false;
  web_socket::Utf8Validator utf8_;
  bool discard_ = false;    ///< After our own failure: frames are followed, their data dropped.
  bool lost_sync_ = false;  ///< After a framing error: what comes is no frame.
  bool receiver_missing_ = false;  ///< A message waits for on_message.

  std::deque<Item> queue_;
  std::size_t in_flight_ = 0;
  bool writing_ = false;
  bool flush_scheduled_ = false;
  std::size_t queued_ = 0;
  std::size_t queued_bytes_ = 0;

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
