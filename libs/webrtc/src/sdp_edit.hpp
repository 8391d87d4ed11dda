#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What we read from an offer and change in offers and answers, as text and without GStreamer, so
/// that it can be tested as tables.
namespace surveillx::webrtc {

/// An SDP as its session lines and its media sections, each starting with the `m=` line.
struct SdpText {
  std::vector<std::string> session;
  std::vector<std::vector<std::string>> media;

  [[nodiscard]] static SdpText split(std::string_view text);
  [[nodiscard]] std::string join() const;
};

/// The part of an offer that decides how we answer.
struct Offer {
  /// The offer as webrtcbin gets it: the chosen video section with the chosen codec only, every
  /// other section of audio or video made inactive, which declines it without touching BUNDLE.
  std::string sdp;
  bool trickle = false;  ///< `a=ice-options:trickle` is there (RFC 8840).
  Codec codec = Codec::none;
  int video_mline = -1;
  int sections = 0;
  int video_sections = 0;
  int payload_type = -1;            ///< Of the chosen codec.
  std::optional<int> transport_cc;  ///< Id of the transport-wide sequence number extension.
};

/// The first video section that sends, with the first of VP8 and H.264 that it prefers. Errors:
/// `bad_sdp`, `no_video`, `unsupported_codec`.
[[nodiscard]] Result<Offer> read_offer(const std::string& text);

/// The answer as the peer gets it: Chromium starts at 300 kb/s and a small picture unless the
/// answer carries `x-google-start-bitrate`; others ignore the parameter.
[[nodiscard]] std::string finish_answer(const std::string& text, int payload_type,
                                        int start_bitrate_kbps);

inline constexpr std::string_view kTransportCcUri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// True for text that may be handed to the ICE library as a candidate (RFC 8839 section 5.1): the
/// right shape, a sane length and no line breaks. Names ending in `.local` pass.
[[nodiscard]] bool plausible_candidate(std::string_view candidate);

/// The UDP port of a host candidate, or 0.
[[nodiscard]] int host_udp_port(std::string_view candidate);

}  // namespace surveillx::webrtc
