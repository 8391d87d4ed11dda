#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The messages of the signalling contract, `contracts/signaling.schema.json`: JSON objects with a `type`, sent as
/// WebSocket text messages. Plain values; see codec.hpp for their text form.
namespace surveillx::signaling {

/// One entry of `RTCIceServer` (W3C WebRTC 1.0, 4.2.4).
struct IceServer {
  std::vector<std::string> urls;  ///< `stun:HOST:PORT`, `turn:HOST:PORT?transport=udp`, ...
  std::string username;           ///< Empty when there is none.
  std::string credential;
  friend bool operator==(const IceServer&, const IceServer&) = default;
};

/// Client, optional, first.
struct Hello {
  std::optional<std::string> token;
  std::string name;  ///< What the client calls itself; for people only.
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// The server's answer to Hello.
struct Welcome {
  std::string camera_id;
  std::vector<IceServer> ice_servers;
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct Offer {
  std::string sdp;
  std::optional<std::string> token;
  friend bool operator==(const Offer&, const Offer&) = default;
};

struct Answer {
  std::string sdp;
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// A candidate in its `candidate:...` form (RFC 8839), either way; an empty one ends the list.
struct Ice {
  std::string candidate;
  int mline_index = 0;  ///< `sdpMLineIndex`, 0..255; 0 when the sender left it out.
  friend bool operator==(const Ice&, const Ice&) = default;
};

/// The client ends its session.
struct Bye {
  friend bool operator==(const Bye&, const Bye&) = default;
};

/// Something failed. `code` is one of the names in this header or an ErrorName of the session.
struct ErrorMessage {
  std::string code;
  std::string message;
  friend bool operator==(const ErrorMessage&, const ErrorMessage&) = default;
};

/// A type that this version does not know; ignored by both sides.
struct Unknown {
  std::string type;
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

using Message = std::variant<Hello, Welcome, Offer, Answer, Ice, Bye, ErrorMessage, Unknown>;

// Codes of `error` messages that the state machine itself sends. A failed offer carries the
// session's own name, for example `bad_sdp`, `no_video`, `unsupported_codec`.
inline constexpr std::string_view kCodeBadMessage = "bad_message";
inline constexpr std::string_view kCodeUnauthorized = "unauthorized";
inline constexpr std::string_view kCodeTakenOver = "taken_over";
inline constexpr std::string_view kCodeOfferTimeout = "offer_timeout";
inline constexpr std::string_view kCodeTooManyCandidates = "too_many_candidates";
inline constexpr std::string_view kCodeTooManyErrors = "too_many_errors";
inline constexpr std::string_view kCodeMessageTooBig = "message_too_big";
inline constexpr std::string_view kCodeSessionEnded = "session_ended";
inline constexpr std::string_view kCodeUnavailable = "unavailable";
inline constexpr std::string_view kCodeTooManyOffers = "too_many_offers";

/// WebSocket close codes (RFC 6455 section 7.4; 4000-4999 are ours).
enum class CloseCode : unsigned short {
  normal = 1000,
  going_away = 1001,
  policy_violation = 1008,  ///< Too many errors or candidates.
  too_big = 1009,
  try_again_later = 1013,  ///< The token could not be looked up, or there were too many offers.
  unauthorized = 4401,     ///< Wrong, missing or revoked token: a client must not retry.
  offer_timeout = 4408,    ///< No offer within 10 s.
  taken_over = 4409,       ///< A newer session of the same camera: a client must not retry.
  session_ended = 4410,    ///< ICE or DTLS failed, or no frames came: a client may retry.
};

inline constexpr std::size_t kMaxMessageBytes = 256 * 1024;
inline constexpr std::size_t kMaxCandidates = 256;  ///< Of one session, each way.
inline constexpr std::size_t kMaxCandidateBytes = 4096;
inline constexpr int kMaxErrors = 10;  ///< The tenth closes the socket.

}  // namespace surveillx::signaling
