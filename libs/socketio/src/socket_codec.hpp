#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/socketio/event.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Packets of Socket.IO protocol 5 (the default parser). Pure: no sockets, no clock.
namespace surveillx::socketio {

enum class SocketType : char {
  connect = '0',
  disconnect = '1',
  event = '2',
  ack = '3',
  connect_error = '4',
  binary_event = '5',
  binary_ack = '6',
};

/// The parser of socket.io 4.8 accepts no more either.
inline constexpr std::size_t kMaxAttachments = 10;
inline constexpr std::size_t kMaxNamespaceLength = 256;
inline constexpr std::size_t kMaxJsonDepth = 32;

/// A whole packet. Binary forms are folded into `event` and `ack`, as their attachments tell.
struct SocketPacket {
  SocketType type = SocketType::connect;
  std::string name_space = "/";
  std::optional<std::uint64_t> id;
  std::string event;         ///< `event` only; a numeric name in its decimal form.
  Arguments arguments;       ///< `event` (without the name) and `ack`.
  boost::json::value data;   ///< `connect` and `connect_error`: the payload, or null.
  std::size_t expected = 0;  ///< Attachments that the header announced.
};

/// Parses the text of a packet. Strict, because the documents ask to close a connection on what is
/// not well-formed: unknown types, event payloads that are no non-empty array or whose name is
/// reserved, bad ids, placeholders that point nowhere, JSON that is too deep. `bad_packet`.
[[nodiscard]] Result<SocketPacket> parse_packet(std::string_view text);

/// Puts a packet and the binary messages that follow it together.
class Assembler {
 public:
  /// `max_bytes`: the most that the attachments of one packet may take together.
  explicit Assembler(std::size_t max_bytes = static_cast<std::size_t>(-1))
      : max_bytes_(max_bytes) {}

  /// The packet when it is whole, nothing while attachments are missing. `bad_packet`, after which
  /// the connection has to be closed: the stream is out of step.
  [[nodiscard]] Result<std::optional<SocketPacket>> add_text(std::string_view text);
  [[nodiscard]] Result<std::optional<SocketPacket>> add_binary(SharedBytes bytes);
  /// The packet that waits for attachments, or null.
  [[nodiscard]] const SocketPacket* waiting() const { return waiting_ ? &*waiting_ : nullptr; }

 private:
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::optional<SocketPacket> waiting_;
};

/// `<type>[<attachments>-][<namespace>,][<id>]`, the part before the JSON.
[[nodiscard]] std::string encode_header(SocketType type, std::size_t attachments,
                                        std::string_view name_space,
                                        std::optional<std::uint64_t> id);
[[nodiscard]] std::string encode_connect(std::string_view name_space,
                                         const boost::json::object* payload);
[[nodiscard]] std::string encode_connect_error(std::string_view name_space,
                                               std::string_view message);
[[nodiscard]] std::string encode_disconnect(std::string_view name_space);
/// Text of an EVENT or BINARY_EVENT; the attachments follow it as binary messages.
[[nodiscard]] std::string encode_event_text(std::string_view name_space, std::string_view event,
                                            const Arguments& arguments,
                                            std::optional<std::uint64_t> id);
/// Text of an ACK or BINARY_ACK.
[[nodiscard]] std::string encode_ack_text(std::string_view name_space, std::uint64_t id,
                                          const Arguments& arguments);

}  // namespace surveillx::socketio
