#pragma once

#include "surveillx/base/error.hpp"

#include "sdp_text.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace surveillx::webrtc {

/// An offer whose lines have been read, before anything is decided.
struct Parsed {
  SdpText text;
  std::vector<MediaLine> media;
  std::vector<std::string> mids;               ///< Empty where there is none.
  std::vector<std::vector<std::size_t>> groups;  ///< BUNDLE groups as indexes of sections.
};

/// Reads the lines and the groups. `bad_sdp` when the text is no session description or contradicts
/// itself: a mid that two sections have.
[[nodiscard]] Result<Parsed> parse_offer(const std::string& text);

/// The BUNDLE group that a section is in, or null.
[[nodiscard]] const std::vector<std::size_t>* group_of(const Parsed& offer, std::size_t section);
/// Port 0 rejects a section, except one that shares another's transport (RFC 9143 section 6).
[[nodiscard]] bool rejected(const Parsed& offer, std::size_t section);
/// A section's own direction wins over the session's; sendrecv is the default (RFC 8866 6.7).
[[nodiscard]] bool sends(const Parsed& offer, std::size_t section);
/// `a=ice-options:trickle` is there, for the session or a section (RFC 8840).
[[nodiscard]] bool trickles(const Parsed& offer);

}  // namespace surveillx::webrtc
