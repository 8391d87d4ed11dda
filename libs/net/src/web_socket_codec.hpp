#pragma once

#include "surveillx/base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The framing of RFC 6455, free of sockets. Written here rather than taken from Boost.Beast so
/// that several messages leave in one system call and so that Beast's slow templates stay out of
/// the build.
namespace surveillx::net::web_socket {

/// A server sends unmasked and demands masked frames; a client the other way round.
enum class Role { server, client };

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};
[[nodiscard]] inline bool is_control(Opcode opcode) { return static_cast<int>(opcode) >= 8; }

// Close codes, RFC 6455 section 7.4.1.
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kNoStatus = 1005;
inline constexpr std::uint16_t kAbnormal = 1006;
inline constexpr std::uint16_t kBadData = 1007;
inline constexpr std::uint16_t kTooBig = 1009;

using MaskKey = std::array<std::uint8_t, 4>;
inline constexpr std::size_t kMaxHeaderBytes = 14;

struct FrameHeader {
  bool fin = true;
  Opcode opcode = Opcode::binary;
  std::optional<MaskKey> mask;
  std::uint64_t length = 0;
};

enum class ParseStatus { complete, need_more, bad };

struct ParsedHeader {
  ParseStatus status = ParseStatus::need_more;
  std::size_t size = 0;  ///< Bytes of the header, when complete.
  FrameHeader header;
};

/// Reads a frame's header. `bad` for reserved bits and opcodes, fragmented or long control frames
/// and lengths over 2^63 (section 5.2).
[[nodiscard]] ParsedHeader parse_header(ByteView bytes);

struct HeaderBytes {
  std::array<std::uint8_t, kMaxHeaderBytes> bytes{};
  std::uint8_t size = 0;
};
[[nodiscard]] HeaderBytes write_header(const FrameHeader& header);

/// Masks or unmasks in place; `offset` is the place of the first byte within the payload.
void apply_mask(std::span<std::uint8_t> bytes, const MaskKey& key, std::uint64_t offset);

/// Checks UTF-8 (RFC 3629: no surrogates, no overlong forms) in pieces.
class Utf8Validator {
 public:
  /// False as soon as the text cannot be valid any more.
  [[nodiscard]] bool feed(ByteView bytes);
  /// Whether the text may end here.
  [[nodiscard]] bool complete() const { return pending_ == 0; }
  void reset() { *this = Utf8Validator(); }

 private:
  int pending_ = 0;
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

struct CloseReason {
  std::uint16_t code = kNoStatus;
  std::string reason;
};
/// A close frame's payload; nothing when it is malformed or its code may not be sent.
[[nodiscard]] std::optional<CloseReason> parse_close(ByteView payload);
/// Cuts the reason to what a control frame holds, at a character's boundary.
[[nodiscard]] Bytes write_close(std::uint16_t code, std::string_view reason);

/// `Sec-WebSocket-Accept` for a key (section 4.2.2).
[[nodiscard]] std::string accept_key(std::string_view key);
/// Whether a `Sec-WebSocket-Key` is 16 bytes in base64.
[[nodiscard]] bool is_valid_key(std::string_view key);

}  // namespace surveillx::net::web_socket
