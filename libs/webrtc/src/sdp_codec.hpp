#pragma once

#include "surveillx/webrtc/peer_session.hpp"

#include "sdp_text.hpp"

#include <set>
#include <string>

namespace surveillx::webrtc {

/// Which of a video section's formats we take.
struct Choice {
  stream::Codec codec = stream::Codec::none;
  int payload_type = -1;
  std::set<int> keep;  ///< The payload type and the retransmissions that go with it (RFC 4588).
};

/// The first of VP8 and H.264 in the order of the m= line; stream::Codec::none when there is neither.
[[nodiscard]] Choice choose_codec(const Lines& section, const MediaLine& media);

/// The names of a section's codecs, for the sentence that refuses them.
void add_codec_names(const Lines& section, std::set<std::string>& names);
[[nodiscard]] Error unsupported_codec(const std::set<std::string>& names);

/// Appends the section's lines about what was chosen, written as the library expects them.
void add_formats(const Lines& section, const Choice& choice, Lines& out);

}  // namespace surveillx::webrtc
