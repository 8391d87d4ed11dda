#include "sdp_codec.hpp"
#include "sdp_edit.hpp"
#include "sdp_parsed.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

namespace surveillx::webrtc {
namespace {

constexpr std::size_t kMaxFormats = 64;
constexpr std::size_t kMaxLines = 64;  ///< Of one sort: candidates, SSRCs, lines about formats.

struct Keys {
  std::string ufrag;
  std::string password;
};

/// ICE credentials come in pairs, at one level (RFC 8839 section 5.4).
std::optional<Keys> keys_in(const Lines& lines) {
  const auto ufrag = find_attribute(lines, "ice-ufrag");
  const auto password = find_attribute(lines, "ice-pwd");
  if (!ufrag || !password || !is_word(*ufrag) || !is_word(*password)) return std::nullopt;
  return Keys{std::string(*ufrag), std::string(*password)};
}

std::optional<Keys> keys_of(const Parsed& offer, std::size_t section) {
  auto own = keys_in(offer.text.media[section]);
  return own ? own : keys_in(offer.text.session);
}

/// `SHA-256 aa:BB` as the library wants it (RFC 8122: neither half minds case); nothing for a hash
/// that we cannot compare.
std::optional<std::string> fingerprint(std::string_view value) {
  const auto parts = words(value);
  if (parts.size() != 2 || !is_word(parts[0]) || !is_word(parts[1])) return std::nullopt;
  std::string digest(parts[1]);
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto c = static_cast<unsigned char>(digest[i]);
    if (i % 3 == 2 ? c != ':' : std::isxdigit(c) == 0) return std::nullopt;
    digest[i] = static_cast<char>(std::toupper(c));
  }
  if (digest.size() % 3 != 2) return std::nullopt;
  const auto hash = lower(parts[0]);
  if (std::find(kFingerprintHashes.begin(), kFingerprintHashes.end(), hash) ==
      kFingerprintHashes.end()) {
    return std::nullopt;
  }
  return hash + " " + digest;
}

Lines fingerprints_in(const Lines& lines) {
  Lines out;
  for (const auto& line : lines) {
    const auto value = attribute(line, "fingerprint");
    const auto good = value ? fingerprint(*value) : std::nullopt;
    if (good && out.size() < 8) out.push_back(*good);
  }
  return out;
}

struct OfferedTransport {
  Keys keys;
  Lines fingerprints;
  std::string setup;
};

/// The transport of the section that carries the video. What that section does not say holds from
/// the session's lines; last, the other sections of the bundle are asked, since they share it.
Result<OfferedTransport> transport_of(const Parsed& offer, std::size_t carrier, std::size_t video) {
  std::vector<const Lines*> places{&offer.text.media[carrier], &offer.text.session,
                                   &offer.text.media[video]};
  if (const auto* group = group_of(offer, video)) {
    for (const auto member : *group) places.push_back(&offer.text.media[member]);
  }
  OfferedTransport out;
  for (const auto* lines : places) {
    if (const auto keys = keys_in(*lines); keys && out.keys.ufrag.empty()) out.keys = *keys;
    if (out.fingerprints.empty()) out.fingerprints = fingerprints_in(*lines);
    const auto setup = find_attribute(*lines, "setup");
    if (setup && out.setup.empty()) out.setup = lower(*setup);
  }
  if (out.keys.ufrag.empty()) {
    return Error{kBadSdp, "the offer's video has no ICE credentials (a=ice-ufrag and a=ice-pwd)"};
  }
  if (out.fingerprints.empty()) {
    return Error{kBadSdp,
                 "the offer's video has no DTLS fingerprint (a=fingerprint, of sha-256 or another "
                 "known hash): this server takes encrypted media only"};
  }
  // Left out, it means active (RFC 4145 section 4); a peer that has forgotten it follows the
  // answer, which then says passive.
  if (out.setup.empty()) out.setup = "active";
  if (out.setup == "holdconn") {
    return Error{kBadSdp, "the offer holds its connection back (a=setup:holdconn)"};
  }
  if (out.setup != "actpass" && out.setup != "active" && out.setup != "passive") {
    return Error{kBadSdp, "the offer's a=setup is neither actpass nor active nor passive"};
  }
  return out;
}

/// The section whose transport the video uses. A bundle is tagged by its first section with a port
/// (RFC 9143 section 7.3.1), and that section stays when the video has no transport of its own.
/// A video that has one goes alone: the answer refuses everything else.
std::size_t carrier_of(const Parsed& offer, std::size_t video) {
  const auto* group = group_of(offer, video);
  if (group == nullptr) return video;
  if (offer.media[video].port != 0 && keys_of(offer, video)) return video;
  const auto tagged = std::find_if(group->begin(), group->end(), [&](std::size_t member) {
    return offer.media[member].port != 0;
  });
  return tagged != group->end() ? *tagged : video;
}

std::string free_mid(const Parsed& offer, std::size_t section) {
  auto mid = std::to_string(section);
  return std::find(offer.mids.begin(), offer.mids.end(), mid) == offer.mids.end() ? mid
                                                                                  : std::string();
}

OfferedSection offered_section(const Parsed& offer, std::size_t section) {
  const auto& media = offer.media[section];
  OfferedSection out;
  out.kind = media.kind;
  out.protocol = media.protocol;
  for (std::size_t i = 0; i < std::min(media.formats.size(), kMaxFormats); ++i) {
    out.formats += (i > 0 ? " " : "") + media.formats[i];
  }
  out.mid = offer.mids[section].empty() ? free_mid(offer, section) : offer.mids[section];
  for (const auto& line : offer.text.media[section]) {
    const auto about = payload_line(line);
    const bool format = about && about->name != "rtcp-fb";
    const bool channel = attribute(line, "sctp-port") || attribute(line, "sctpmap") ||
                         attribute(line, "max-message-size");
    if ((format || channel) && out.about_formats.size() < kMaxLines) {
      out.about_formats.push_back(line);
    }
  }
  return out;
}

std::optional<int> transport_cc_id(const Lines& section) {
  for (const auto& line : section) {
    const auto parts = words(attribute(line, "extmap").value_or(""));
    if (parts.size() < 2 || parts[1] != kTransportCcUri) continue;
    const auto id = number(parts[0].substr(0, parts[0].find('/')));
    if (id && *id >= 1 && *id <= 255) return id;
  }
  return std::nullopt;
}

void add_sources(const Lines& section, Lines& out) {
  std::size_t count = 0;
  for (const auto& line : section) {
    const auto value = attribute(line, "ssrc");
    if (!value || count >= kMaxLines) continue;
    std::uint32_t id = 0;
    const auto text = value->substr(0, value->find(' '));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size() || text == *value) continue;
    out.push_back("a=ssrc:" + std::string(*value));
    ++count;
  }
}

void add_candidates(const Parsed& parsed, const Offer& offer, Lines& out) {
  std::set<std::string> seen;
  bool ended = false;
  const auto take = [&](const Lines& lines) {
    for (const auto& line : lines) {
      if (const auto value = attribute(line, "candidate")) {
        const auto text = "candidate:" + std::string(*value);
        if (seen.size() < kMaxLines && plausible_candidate(text) && seen.insert(text).second) {
          out.push_back("a=" + text);
        }
      }
      ended = ended || attribute(line, "end-of-candidates").has_value();
    }
  };
  take(parsed.text.session);
  for (std::size_t i = 0; i < offer.sections.size(); ++i) {
    if (offer.sections[i].on_our_transport) take(parsed.text.media[i]);
  }
  if (ended) out.emplace_back("a=end-of-candidates");
}

/// An offer of the one section. Only what is known gets in: what a peer invents never reaches the
/// library's parsers.
std::string for_webrtcbin(const Parsed& parsed, const Offer& offer,
                          const OfferedTransport& transport, const Choice& choice) {
  const auto video = static_cast<std::size_t>(offer.video_mline);
  const auto& section = parsed.text.media[video];
  const auto mid = offer.sections[video].mid.empty() ? "0" : offer.sections[video].mid;
  SdpText out;
  out.session = {"v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE " + mid};
  if (find_attribute(parsed.text.session, "ice-lite") || find_attribute(section, "ice-lite")) {
    out.session.emplace_back("a=ice-lite");
  }
  if (offer.trickle) out.session.emplace_back("a=ice-options:trickle");
  std::string line = "m=video 9 UDP/TLS/RTP/SAVPF";
  for (const auto& format : parsed.media[video].formats) {
    const auto payload = number(format);
    if (payload && choice.keep.count(*payload) > 0) line += " " + std::to_string(*payload);
  }
  Lines lines{line,
              "c=IN IP4 0.0.0.0",
              "a=mid:" + mid,
              "a=sendonly",
              "a=rtcp-mux",
              "a=ice-ufrag:" + transport.keys.ufrag,
              "a=ice-pwd:" + transport.keys.password,
              "a=setup:" + transport.setup};
  if (find_attribute(section, "rtcp-rsize")) lines.emplace_back("a=rtcp-rsize");
  for (const auto& each : transport.fingerprints) lines.push_back("a=fingerprint:" + each);
  add_formats(section, choice, lines);
  if (offer.transport_cc) {
    lines.push_back("a=extmap:" + std::to_string(*offer.transport_cc) + " " +
                    std::string(kTransportCcUri));
  }
  add_sources(section, lines);
  add_candidates(parsed, offer, lines);
  out.media.push_back(std::move(lines));
  return out.join();
}

/// Decides what becomes of each section once the video and its transport are known.
void set_fates(const Parsed& parsed, const OfferedTransport& transport, Offer& offer) {
  const auto video = static_cast<std::size_t>(offer.video_mline);
  const auto carrier = static_cast<std::size_t>(offer.carrier_mline);
  const auto* group = group_of(parsed, video);
  offer.bundled = group != nullptr;
  for (std::size_t i = 0; i < parsed.media.size(); ++i) {
    auto& section = offer.sections.emplace_back(offered_section(parsed, i));
    const auto keys = keys_of(parsed, i);
    section.grouped = offer.bundled && group_of(parsed, i) == group;
    const bool same =
        keys && keys->ufrag == transport.keys.ufrag && keys->password == transport.keys.password;
    section.on_our_transport = same || i == carrier || (i == video && !keys);
    if (i == video) {
      section.fate = Fate::video;
    } else if (i == carrier) {
      section.fate = Fate::carrier;
    }
  }
}

}  // namespace

Result<Offer> read_offer(const std::string& text) {
  auto parsed = parse_offer(text);
  if (!parsed) return parsed.error();
  Offer offer;
  Choice choice;
  bool seen = false;
  std::set<std::string> names;
  for (std::size_t i = 0; i < parsed->media.size() && choice.codec == stream::Codec::none; ++i) {
    if (parsed->media[i].kind != "video" || rejected(*parsed, i) || !sends(*parsed, i)) continue;
    seen = true;
    choice = choose_codec(parsed->text.media[i], parsed->media[i]);
    offer.video_mline = static_cast<int>(i);
    if (choice.codec == stream::Codec::none) add_codec_names(parsed->text.media[i], names);
  }
  if (!seen) return Error{kNoVideo, "the offer sends no video"};
  if (choice.codec == stream::Codec::none) return unsupported_codec(names);
  const auto video = static_cast<std::size_t>(offer.video_mline);
  const auto carrier = carrier_of(*parsed, video);
  auto transport = transport_of(*parsed, carrier, video);
  if (!transport) return transport.error();
  offer.carrier_mline = static_cast<int>(carrier);
  offer.codec = choice.codec;
  offer.payload_type = choice.payload_type;
  offer.trickle = trickles(*parsed);
  offer.transport_cc = transport_cc_id(parsed->text.media[video]);
  offer.fingerprints = transport->fingerprints;
  set_fates(*parsed, *transport, offer);
  offer.sdp = for_webrtcbin(*parsed, offer, *transport, choice);
  return offer;
}

}  // namespace surveillx::webrtc
