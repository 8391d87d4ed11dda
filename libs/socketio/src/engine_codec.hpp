#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/error.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Packets and payloads of Engine.IO protocol 4. Pure: no sockets, no clock, no state.
namespace surveillx::socketio {

inline constexpr ErrorName kBadPacket{"bad_packet"};

enum class EngineType : char {
  open = '0',
  close = '1',
  ping = '2',
  pong = '3',
  message = '4',
  upgrade = '5',
  noop = '6',
};

/// One packet. `text` points into what was decoded; `binary` is set for binary messages only.
struct EnginePacket {
  EngineType type = EngineType::noop;
  std::string_view text;
  bool is_binary = false;
  SharedBytes binary;
};

inline constexpr std::string_view kClosePacket = "1";
inline constexpr std::string_view kPingPacket = "2";
inline constexpr std::string_view kNoopPacket = "6";

/// Separates packets in the body of a polling request or answer.
inline constexpr char kSeparator = '\x1e';
/// python-engineio refuses a payload of more packets, in both directions; others have no limit.
inline constexpr std::size_t kMaxPacketsSent = 16;
/// Browsers put everything of one tick into a single POST, so this is only a guard.
inline constexpr std::size_t kMaxPacketsReceived = 4096;

/// Decodes a packet of text: `<type>[data]`, or `b<base64>` for a binary message. `bad_packet`.
[[nodiscard]] Result<EnginePacket> decode_packet(std::string_view text);

/// Decodes a polling body: packets with `\x1e` between them, UTF-8. All or nothing: `bad_packet`.
[[nodiscard]] Result<std::vector<EnginePacket>> decode_payload(std::string_view body);

/// `b<base64>`: how binary data travels in a polling body.
[[nodiscard]] std::string encode_base64_packet(ByteView data);

/// What the server tells when a session opens.
struct OpenInfo {
  std::string sid;
  std::vector<std::string> upgrades;
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::size_t max_payload = 1'000'000;
};
/// The whole packet, type included.
[[nodiscard]] std::string encode_open(const OpenInfo& info);
/// From the data of an `open` packet. A server that tells no maxPayload gets the usual 1,000,000.
[[nodiscard]] Result<OpenInfo> decode_open(std::string_view json);

/// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace surveillx::socketio
