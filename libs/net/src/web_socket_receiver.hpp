#pragma once

#include "web_socket_codec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::net::web_socket {

/// Puts a peer's messages together from its bytes (RFC 6455 section 5): frames, fragments, masks,
/// limits, UTF-8. Pure: no socket, no clock, nothing is answered here.
class Receiver {
 public:
  enum class Event {
    need_more,
    message,  ///< `take_message`.
    ping,     ///< `control` has its payload.
    close,    ///< `close_reason`.
    failed,   ///< The peer broke a rule; told once. Frames are followed, their data is dropped.
  };

  /// `received`: what was read together with the HTTP message.
  Receiver(Role role, std::size_t max_message_bytes, std::string_view received);
  void set_max_message_bytes(std::size_t bytes) { max_message_bytes_ = bytes; }

  /// Room for what the network brings: a large frame's payload goes straight to where it stays.
  [[nodiscard]] std::span<std::uint8_t> prepare();
  void commit(std::size_t size);
  /// Goes on with what has come.
  [[nodiscard]] Event next();

  [[nodiscard]] bool binary() const { return message_binary_; }
  [[nodiscard]] Bytes take_message();
  [[nodiscard]] ByteView control() const {
    return {control_.data(), static_cast<std::size_t>(frame_.length)};
  }
  /// The peer's, or what it is told after a failure.
  [[nodiscard]] const CloseReason& close_reason() const { return close_reason_; }
  [[nodiscard]] bool failed() const { return discard_; }
  /// After a framing error: what comes is no frame.
  [[nodiscard]] bool lost_sync() const { return lost_sync_; }

 private:
  bool begin_frame(const FrameHeader& header);
  bool take_payload(std::span<std::uint8_t> bytes);
  [[nodiscard]] std::optional<Event> end_frame();
  [[nodiscard]] std::optional<Event> end_control_frame();
  void fail(std::uint16_t code, std::string reason);

  const Role role_;
  std::size_t max_message_bytes_;
  std::vector<std::uint8_t> input_;
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  bool into_message_ = false;  ///< The last `prepare` gave a part of message_.

  bool in_payload_ = false;
  FrameHeader frame_;
  std::uint64_t frame_read_ = 0;
  std::array<std::uint8_t, 125> control_{};

  Bytes message_;
  std::size_t message_size_ = 0;  ///< Filled part of message_.
  bool in_message_ = false;
  bool message_binary_ = false;
  Utf8Validator utf8_;

  CloseReason close_reason_{kAbnormal, {}};
  bool failure_untold_ = false;
  bool discard_ = false;
  bool lost_sync_ = false;
  bool ignore_ = false;  ///< A client: after the server's close nothing counts.
};

}  // namespace surveillx::net::web_socket
