#include "sdp_codec.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace surveillx::webrtc {
namespace {

stream::Codec codec_named(std::string_view encoding) {
  const auto slash = encoding.find('/');
  const auto name = encoding.substr(0, slash);
  const auto clock = slash == std::string_view::npos ? "90000" : encoding.substr(slash + 1);
  if (clock != "90000") return stream::Codec::none;
  if (same_ignoring_case(name, "VP8")) return stream::Codec::vp8;
  if (same_ignoring_case(name, "H264")) return stream::Codec::h264;
  return stream::Codec::none;
}

}  // namespace

Choice choose_codec(const Lines& section, const MediaLine& media) {
  std::map<int, stream::Codec> codecs;
  std::map<int, std::string> fmtp;
  std::set<int> rtx;
  for (const auto& line : section) {
    const auto about = payload_line(line);
    if (!about) continue;
    if (about->name == "rtpmap") {
      codecs[about->payload_type] = codec_named(about->value);
      if (same_ignoring_case(about->value.substr(0, about->value.find('/')), "rtx")) {
        rtx.insert(about->payload_type);
      }
    } else if (about->name == "fmtp") {
      fmtp[about->payload_type] = about->value;
    }
  }
  Choice choice;
  bool single_nal = false;
  for (const auto& format : media.formats) {
    const auto payload = number(format);
    if (!payload || codecs.count(*payload) == 0 || codecs[*payload] == stream::Codec::none) continue;
    const auto codec = codecs[*payload];
    // Without packetization-mode=1 (RFC 6184) an encoder must fit each slice into one packet, which
    // many cannot: take such a payload type only when the offer has no other of that codec.
    const bool single =
        codec == stream::Codec::h264 && fmtp[*payload].find("packetization-mode=1") == std::string::npos;
    const bool better =
        choice.codec == stream::Codec::none || (choice.codec == codec && single_nal && !single);
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

void add_codec_names(const Lines& section, std::set<std::string>& names) {
  static constexpr std::array<std::string_view, 5> kHelpers{"rtx", "red", "ulpfec", "flexfec-03",
                                                            "flexfec"};
  for (const auto& line : section) {
    const auto about = payload_line(line);
    if (!about || about->name != "rtpmap" || names.size() >= 8) continue;
    const std::string name(about->value.substr(0, std::min(about->value.find('/'), size_t{20})));
    const bool helper =
        std::any_of(kHelpers.begin(), kHelpers.end(),
                    [&](std::string_view other) { return same_ignoring_case(name, other); });
    if (!helper && is_word(name)) names.insert(name);
  }
}

Error unsupported_codec(const std::set<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return {kUnsupportedCodec,
          "the offer's video " + (list.empty() ? "names no codec" : "is " + list) +
              "; this server takes VP8 and H.264"};
}

void add_formats(const Lines& section, const Choice& choice, Lines& out) {
  std::set<std::pair<std::string_view, int>> seen;
  for (const auto& line : section) {
    const auto about = payload_line(line);
    if (!about) {
      const auto feedback = attribute(line, "rtcp-fb");
      const bool for_all = feedback && feedback->starts_with("* ");
      if (for_all) out.push_back("a=rtcp-fb:" + std::string(*feedback));
      continue;
    }
    if (choice.keep.count(about->payload_type) == 0 || about->value.empty()) continue;
    const bool once = about->name != "rtcp-fb";
    if (once && !seen.emplace(about->name, about->payload_type).second) continue;
    std::string value(about->value);
    if (about->name == "rtpmap" && about->payload_type == choice.payload_type) {
      value = choice.codec == stream::Codec::h264 ? "H264/90000" : "VP8/90000";
    }
    out.push_back("a=" + std::string(about->name) + ":" + std::to_string(about->payload_type) +
                  " " + value);
  }
}

}  // namespace surveillx::webrtc
