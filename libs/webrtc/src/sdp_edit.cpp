#include "sdp_edit.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace surveillx::webrtc {
namespace {

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const auto end = text.find(' ');
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end);
  }
  return out;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

using Section = std::vector<std::string>;

/// `m=video 9 UDP/TLS/RTP/SAVPF 96 97`: kind, port and the formats.
struct MediaLine {
  std::string_view kind;
  bool rejected = false;
  std::vector<std::string_view> formats;
};

std::optional<MediaLine> media_line(const Section& section) {
  const auto parts = words(std::string_view(section.front()).substr(2));
  if (parts.size() < 4) return std::nullopt;
  const auto port = number(parts[1].substr(0, parts[1].find('/')));
  if (!port) return std::nullopt;
  // Port 0 rejects a section, except one that shares another's transport (RFC 9143 section 6).
  const bool bundled = std::find(section.begin(), section.end(), "a=bundle-only") != section.end();
  return MediaLine{parts[0], *port == 0 && !bundled, {parts.begin() + 3, parts.end()}};
}

bool is_direction(std::string_view line) {
  return line == "a=sendrecv" || line == "a=sendonly" || line == "a=recvonly" ||
         line == "a=inactive";
}

/// A section's own direction wins over the session's; sendrecv is the default (RFC 8866 6.7).
std::string direction_of(const SdpText& sdp, const Section& section) {
  const auto own = std::find_if(section.begin(), section.end(), is_direction);
  if (own != section.end()) return own->substr(2);
  const auto common = std::find_if(sdp.session.begin(), sdp.session.end(), is_direction);
  return common != sdp.session.end() ? common->substr(2) : "sendrecv";
}

void set_direction(Section& section, std::string_view direction) {
  std::erase_if(section, is_direction);
  section.push_back("a=" + std::string(direction));
}

/// The payload type that `a=NAME:PT ...` speaks of, for the attributes that are about one.
std::optional<int> attribute_payload(std::string_view line, std::string_view* rest = nullptr) {
  for (const std::string_view prefix : {"a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"}) {
    if (!line.starts_with(prefix)) continue;
    line.remove_prefix(prefix.size());
    const auto space = line.find(' ');
    if (rest != nullptr) {
      *rest = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
    }
    return number(line.substr(0, space));
  }
  return std::nullopt;
}

Codec codec_named(std::string_view encoding) {
  const auto name = encoding.substr(0, encoding.find('/'));
  if (same_ignoring_case(name, "VP8")) return Codec::vp8;
  if (same_ignoring_case(name, "H264")) return Codec::h264;
  return Codec::none;
}

struct Choice {
  Codec codec = Codec::none;
  int payload_type = -1;
  std::set<int> keep;  ///< The payload type and the retransmissions that go with it (RFC 4588).
};

Choice choose_codec(const Section& section, const MediaLine& media) {
  std::map<int, Codec> codecs;
  std::map<int, std::string> fmtp;
  std::set<int> rtx;
  for (const auto& line : section) {
    std::string_view rest;
    const auto payload = attribute_payload(line, &rest);
    if (!payload) continue;
    if (line.starts_with("a=rtpmap:")) {
      codecs[*payload] = codec_named(rest);
      if (same_ignoring_case(rest.substr(0, rest.find('/')), "rtx")) rtx.insert(*payload);
    } else if (line.starts_with("a=fmtp:")) {
      fmtp[*payload] = rest;
    }
  }
  Choice choice;
  bool single_nal = false;
  for (const auto format : media.formats) {
    const auto payload = number(format);
    if (!payload || codecs.count(*payload) == 0 || codecs[*payload] == Codec::none) continue;
    const auto codec = codecs[*payload];
    // Without packetization-mode=1 (RFC 6184) an encoder must fit each slice into one packet, which
    // many cannot: take such a payload type only when the offer has no other of that codec.
    const bool single =
        codec == Codec::h264 && fmtp[*payload].find("packetization-mode=1") == std::string::npos;
    const bool better =
        choice.codec == Codec::none || (choice.codec == codec && single_nal && !single);
    if (!better) continue;
    choice.codec = codec;
    choice.payload_type = *payload;
    single_nal = single;
  }
  choice.keep.insert(choice.payload_type);
  for (const int payload : rtx) {
    const auto& parameters = fmtp[payload];
    const auto apt = parameters.find("apt=");
    if (apt == std::string::npos) continue;
    const auto value = std::string_view(parameters).substr(apt + 4);
    if (number(value.substr(0, value.find_first_of("; "))) == choice.payload_type) {
      choice.keep.insert(payload);
    }
  }
  return choice;
}

void keep_payloads(Section& section, const std::set<int>& keep) {
  const auto parts = words(std::string_view(section.front()).substr(2));
  std::string line = "m=";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i >= 3 && keep.count(number(parts[i]).value_or(-1)) == 0) continue;
    line += (i > 0 ? " " : "") + std::string(parts[i]);
  }
  section.front() = line;
  std::erase_if(section, [&](const std::string& entry) {
    const auto payload = attribute_payload(entry);
    return payload && keep.count(*payload) == 0;
  });
}

std::optional<int> transport_cc_id(const Section& section) {
  for (const std::string_view line : section) {
    constexpr std::string_view kPrefix = "a=extmap:";
    if (!line.starts_with(kPrefix)) continue;
    const auto parts = words(line.substr(kPrefix.size()));
    if (parts.size() >= 2 && parts[1] == kTransportCcUri) return number(parts[0]);
  }
  return std::nullopt;
}

bool has_trickle(const std::vector<std::string>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](std::string_view line) {
    constexpr std::string_view kPrefix = "a=ice-options:";
    if (!line.starts_with(kPrefix)) return false;
    const auto options = words(line.substr(kPrefix.size()));
    return std::find(options.begin(), options.end(), "trickle") != options.end();
  });
}

std::string value_of(const Section& section, std::string_view prefix) {
  const auto found =
      std::find_if(section.begin(), section.end(),
                   [prefix](const std::string& line) { return line.starts_with(prefix); });
  return found != section.end() ? found->substr(prefix.size()) : std::string();
}

/// aiortc gives each section of a bundle ICE credentials of its own and uses those of the first
/// only (the tagged section of RFC 9143); webrtcbin refuses such an offer. Give all of them the
/// first's.
void unify_bundle(SdpText& sdp) {
  constexpr std::string_view kGroup = "a=group:BUNDLE ";
  for (const std::string_view line : sdp.session) {
    if (!line.starts_with(kGroup)) continue;
    const Section* tagged = nullptr;
    for (const auto mid : words(line.substr(kGroup.size()))) {
      const auto member = std::find_if(
          sdp.media.begin(), sdp.media.end(),
          [mid](const Section& section) { return value_of(section, "a=mid:") == mid; });
      if (member == sdp.media.end()) continue;
      if (tagged == nullptr) {
        tagged = &*member;
        continue;
      }
      const auto ufrag = value_of(*tagged, "a=ice-ufrag:");
      const auto password = value_of(*tagged, "a=ice-pwd:");
      const auto own = value_of(*member, "a=ice-ufrag:");
      if (ufrag.empty() || own.empty() || own == ufrag) continue;
      std::erase_if(*member, [](const std::string& entry) {
        return entry.starts_with("a=ice-ufrag:") || entry.starts_with("a=ice-pwd:") ||
               entry.starts_with("a=candidate:") || entry.starts_with("a=end-of-candidates");
      });
      member->push_back("a=ice-ufrag:" + ufrag);
      member->push_back("a=ice-pwd:" + password);
    }
  }
}

bool has_key(const SdpText& sdp, const Section& section, std::string_view prefix) {
  const auto starts = [prefix](const std::string& line) { return line.starts_with(prefix); };
  return std::any_of(section.begin(), section.end(), starts) ||
         std::any_of(sdp.session.begin(), sdp.session.end(), starts);
}

}  // namespace

SdpText SdpText::split(std::string_view text) {
  SdpText out;
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    const auto line = text.substr(0, end);
    if (line.starts_with("m=")) {
      out.media.push_back({std::string(line)});
    } else if (!line.empty()) {
      (out.media.empty() ? out.session : out.media.back()).emplace_back(line);
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string SdpText::join() const {
  std::string out;
  for (const auto& line : session) out += line + "\r\n";
  for (const auto& section : media) {
    for (const auto& line : section) out += line + "\r\n";
  }
  return out;
}

Result<Offer> read_offer(const std::string& text) {
  auto sdp = SdpText::split(text);
  const auto has_line = [&](std::string_view prefix) {
    return std::any_of(sdp.session.begin(), sdp.session.end(),
                       [prefix](const std::string& line) { return line.starts_with(prefix); });
  };
  if (sdp.session.empty() || sdp.session.front() != "v=0" || !has_line("o=") || !has_line("s=")) {
    return Error{kBadSdp, "the offer is not a session description (RFC 8866)"};
  }
  constexpr std::size_t kMaxSections = 32;
  if (sdp.media.size() > kMaxSections) {
    return Error{kBadSdp, "the offer has more than 32 media sections"};
  }
  Offer offer;
  offer.sections = static_cast<int>(sdp.media.size());
  offer.trickle = has_trickle(sdp.session);
  bool video_seen = false;
  for (std::size_t i = 0; i < sdp.media.size(); ++i) {
    auto& section = sdp.media[i];
    const auto media = media_line(section);
    if (!media) return Error{kBadSdp, "the offer has a malformed m= line"};
    offer.trickle = offer.trickle || has_trickle(section);
    if (media->kind == "video") ++offer.video_sections;
    if (media->kind != "audio" && media->kind != "video") continue;
    const auto direction = direction_of(sdp, section);
    const bool sends = !media->rejected && (direction == "sendrecv" || direction == "sendonly");
    Choice choice;
    if (media->kind == "video" && sends) {
      video_seen = true;
      if (offer.codec == Codec::none) choice = choose_codec(section, *media);
    }
    if (choice.codec == Codec::none) {
      set_direction(section, "inactive");
      continue;
    }
    if (!has_key(sdp, section, "a=ice-ufrag:") || !has_key(sdp, section, "a=ice-pwd:") ||
        !has_key(sdp, section, "a=fingerprint:")) {
      return Error{kBadSdp, "the offer's video has no ICE credentials or DTLS fingerprint"};
    }
    offer.codec = choice.codec;
    offer.payload_type = choice.payload_type;
    offer.video_mline = static_cast<int>(i);
    offer.transport_cc = transport_cc_id(section);
    keep_payloads(section, choice.keep);
    set_direction(section, "sendonly");
  }
  if (!video_seen) return Error{kNoVideo, "the offer sends no video"};
  if (offer.codec == Codec::none) {
    return Error{kUnsupportedCodec, "the offer's video has neither VP8 nor H.264"};
  }
  unify_bundle(sdp);
  offer.sdp = sdp.join();
  return offer;
}

std::string finish_answer(const std::string& text, int payload_type, int start_bitrate_kbps) {
  auto sdp = SdpText::split(text);
  const auto payload = std::to_string(payload_type);
  const auto parameter = "x-google-start-bitrate=" + std::to_string(start_bitrate_kbps);
  for (auto& section : sdp.media) {
    if (!section.front().starts_with("m=video ")) continue;
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
  return sdp.join();
}

bool plausible_candidate(std::string_view candidate) {
  constexpr std::size_t kMaxLength = 1024;
  if (candidate.size() > kMaxLength) return false;
  if (candidate.find_first_of("\r\n") != std::string_view::npos) return false;
  if (candidate.starts_with("a=")) candidate.remove_prefix(2);
  if (!candidate.starts_with("candidate:")) return false;
  // foundation component transport priority address port "typ" type
  const auto parts = words(candidate.substr(std::string_view("candidate:").size()));
  if (parts.size() < 8 || parts[6] != "typ") return false;
  const auto port = number(parts[5]);
  return number(parts[1]).has_value() && port && *port >= 0 && *port <= 65535;
}

int host_udp_port(std::string_view candidate) {
  const auto parts = words(candidate);
  if (parts.size() < 8 || parts[7] != "host" || !same_ignoring_case(parts[2], "UDP")) return 0;
  return number(parts[5]).value_or(0);
}

}  // namespace surveillx::webrtc
