#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/signaling/messages.hpp"

#include <string>
#include <string_view>

namespace surveillx::signaling {

inline constexpr ErrorName kBadMessage{"bad_message"};
inline constexpr ErrorName kMessageTooBig{"message_too_big"};

/// Parses one text message. `bad_message` for what is no JSON object, has a missing or wrongly
/// typed field, is nested deeper than 8, or is not UTF-8; `message_too_big` above 256 KiB. A `type`
/// that is not known gives Unknown. Fields that are not known are ignored; `null` counts as absent.
/// Pure.
[[nodiscard]] Result<Message> decode(std::string_view text);

/// The message's text form. An Unknown gives an object with nothing but its type.
[[nodiscard]] std::string encode(const Message& message);

/// One line for a log: the type and the sizes of what it carries, never a token, SDP or candidate.
/// For example `offer sdp_bytes=3120 token=yes`.
[[nodiscard]] std::string redact(const Message& message);
/// `url` without user information, query and fragment, all of which may carry secrets.
[[nodiscard]] std::string redact_url(std::string_view url);

/// Whether the peer takes candidates after the description: `a=ice-options` names `trickle` at
/// session or media level (RFC 8840). Otherwise every candidate must be in the answer.
[[nodiscard]] bool offer_uses_trickle(std::string_view sdp);

}  // namespace surveillx::signaling
