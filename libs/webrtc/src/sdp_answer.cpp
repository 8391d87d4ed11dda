#include "sdp_edit.hpp"

#include <algorithm>
#include <utility>

namespace surveillx::webrtc {
namespace {

bool is_candidate(std::string_view line) {
  return attribute(line, "candidate") || attribute(line, "end-of-candidates");
}

bool is_transport(std::string_view line) {
  return attribute(line, "ice-ufrag") || attribute(line, "ice-pwd") ||
         attribute(line, "ice-options") || attribute(line, "fingerprint") ||
         attribute(line, "setup");
}

/// The video's mid first: it tags the bundle, unless another section carries it. Refused members
/// stay named behind it. RFC 9143 would leave them out, but a peer that gave each section a
/// transport of its own (aiortc) then waits for theirs and calls the connection failed; named here,
/// they are folded into the video's.
std::string group_line(const Offer& offer) {
  const auto& carrier = offer.sections[static_cast<std::size_t>(offer.carrier_mline)];
  std::string line = "a=group:BUNDLE " + carrier.mid;
  for (const auto fate : {Fate::video, Fate::refused}) {
    for (const auto& section : offer.sections) {
      const bool named = section.grouped && section.fate == fate && &section != &carrier;
      if (named) line += " " + section.mid;
    }
  }
  return line;
}

void set_start_bitrate(Lines& section, int payload_type, int kbps) {
  const auto payload = std::to_string(payload_type);
  const auto parameter = "x-google-start-bitrate=" + std::to_string(kbps);
  const auto find = [&](const std::string& prefix) {
    return std::find_if(section.begin(), section.end(),
                        [&](const std::string& line) { return line.starts_with(prefix); });
  };
  if (const auto fmtp = find("a=fmtp:" + payload + " "); fmtp != section.end()) {
    *fmtp += ";" + parameter;
  } else if (const auto rtpmap = find("a=rtpmap:" + payload + " "); rtpmap != section.end()) {
    section.insert(rtpmap + 1, "a=fmtp:" + payload + " " + parameter);
  }
}

Lines video_section(const Lines& answer, const OfferedSection& offered, bool carries) {
  Lines out;
  const auto media = media_line(answer.front());
  std::string line = "m=video " + std::to_string(media->port) + " " + offered.protocol;
  for (const auto& format : media->formats) line += " " + format;
  out.push_back(line);
  if (!offered.mid.empty()) out.push_back("a=mid:" + offered.mid);
  for (std::size_t i = 1; i < answer.size(); ++i) {
    if (attribute(answer[i], "mid") || (!carries && is_candidate(answer[i]))) continue;
    // c= comes before the attributes.
    out.insert(answer[i].starts_with("a=") ? out.end() : out.begin() + 1, answer[i]);
  }
  return out;
}

/// A section we do not take. It keeps what some peers (aiortc) insist on before they look at the
/// port: the formats they know, credentials, a role.
Lines other_section(const OfferedSection& offered, const Lines& transport,
                    const Lines& candidates) {
  const bool carries = offered.fate == Fate::carrier;
  Lines out{"m=" + offered.kind + (carries ? " 9 " : " 0 ") + offered.protocol + " " +
                offered.formats,
            "c=IN IP4 0.0.0.0"};
  if (!offered.mid.empty()) out.push_back("a=mid:" + offered.mid);
  out.emplace_back("a=inactive");
  if (offered.kind != "application") out.emplace_back("a=rtcp-mux");
  out.insert(out.end(), offered.about_formats.begin(), offered.about_formats.end());
  out.insert(out.end(), transport.begin(), transport.end());
  if (carries) {
    out.insert(out.end(), candidates.begin(), candidates.end());
  } else {
    // aiortc begins with the transport of its first section and waits for ever unless it reads that
    // no candidate will come; the video's turn comes when that has failed.
    out.emplace_back("a=end-of-candidates");
  }
  return out;
}

}  // namespace

std::string finish_answer(const std::string& text, const Offer& offer, int start_bitrate_kbps) {
  const auto answer = SdpText::split(text);
  if (answer.media.empty()) return {};
  const auto& video = answer.media.front();
  const auto media = media_line(video.front());
  if (!media || media->kind != "video" || media->port == 0) return {};
  Lines transport;
  Lines candidates;
  for (const auto& line : video) {
    if (is_transport(line)) transport.push_back(line);
    if (is_candidate(line)) candidates.push_back(line);
  }
  SdpText out;
  for (const auto& line : answer.session) {
    if (!attribute(line, "group")) out.session.push_back(line);
  }
  if (offer.bundled) out.session.push_back(group_line(offer));
  for (const auto& section : offer.sections) {
    if (section.fate != Fate::video) {
      out.media.push_back(other_section(section, transport, candidates));
      continue;
    }
    const bool carries = offer.carrier_mline == offer.video_mline;
    auto& taken = out.media.emplace_back(video_section(video, section, carries));
    set_start_bitrate(taken, offer.payload_type, start_bitrate_kbps);
  }
  return out.join();
}

}  // namespace surveillx::webrtc
