#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/webrtc/peer_session.hpp"

#include "sdp_text.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What we take of an offer and what we make of webrtcbin's answer, as text and without GStreamer,
/// so that it can be tested as tables. webrtcbin sees an offer of one section, the video we take;
/// the answer gets back the number and order of the sections (RFC 3264 section 6).
namespace surveillx::webrtc {

/// What becomes of a section of the offer.
enum class Fate {
  video,    ///< The one we take.
  carrier,  ///< Kept, inactive, only because the video has no transport but this section's.
  refused,  ///< Port 0 in the answer.
};

/// What the answer must repeat of a section.
struct OfferedSection {
  std::string kind;
  std::string protocol;
  std::string formats;  ///< `96 97`
  std::string mid;      ///< The offer's; one of our own when it has none. Empty: no mid.
  Lines about_formats;  ///< rtpmap, fmtp, sctp-port and the like.
  bool grouped = false;  ///< In the video's BUNDLE group.
  /// Its candidates are for the transport that we use.
  bool on_our_transport = false;
  Fate fate = Fate::refused;
};

/// The part of an offer that decides how we answer.
struct Offer {
  std::string sdp;       ///< For webrtcbin: one section, everything it needs inside it.
  bool trickle = false;  ///< `a=ice-options:trickle` is there (RFC 8840).
  stream::Codec codec = stream::Codec::none;
  std::vector<OfferedSection> sections;
  int video_mline = -1;
  int carrier_mline = -1;           ///< Where our candidates belong: the video's or the carrier's.
  bool bundled = false;             ///< The video is in a BUNDLE group.
  int payload_type = -1;            ///< Of the chosen codec.
  std::optional<int> transport_cc;  ///< Id of the transport-wide sequence number extension.
  std::vector<std::string> fingerprints;  ///< `sha-256 AA:BB:...`, of the certificate to expect.
};

/// The hashes of fingerprints that we can compare, the strongest first.
inline constexpr std::array<std::string_view, 4> kFingerprintHashes{"sha-512", "sha-384", "sha-256",
                                                                    "sha-1"};

/// The first video section that sends, with the first of VP8 and H.264 that it prefers, and the
/// transport of the section that carries it (RFC 9143), with what the session says for all. Errors,
/// with the reason in words: `bad_sdp`, `no_video`, `unsupported_codec`.
[[nodiscard]] Result<Offer> read_offer(const std::string& text);

/// The answer as the peer gets it, from webrtcbin's to `offer.sdp`: one section for each of the
/// offer's. Chromium starts at 300 kb/s and a small picture unless the answer carries
/// `x-google-start-bitrate`; others ignore the parameter. Empty when webrtcbin's answer does not
/// take the video.
[[nodiscard]] std::string finish_answer(const std::string& text, const Offer& offer,
                                        int start_bitrate_kbps);

inline constexpr std::string_view kTransportCcUri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// True for text that may be handed to the ICE library as a candidate (RFC 8839 section 5.1): the
/// right shape, a sane length and no line breaks. Names ending in `.local` pass.
[[nodiscard]] bool plausible_candidate(std::string_view candidate);

/// The UDP port of a host candidate, or 0.
[[nodiscard]] int host_udp_port(std::string_view candidate);

}  // namespace surveillx::webrtc
