#include "sdp_parsed.hpp"

#include "surveillx/webrtc/peer_session.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

namespace surveillx::webrtc {
namespace {

constexpr std::size_t kMaxSections = 32;

std::string in_words(std::size_t section, const MediaLine& media) {
  return "section " + std::to_string(section + 1) + " (" + media.kind.substr(0, 20) + ")";
}

Result<void> check_lines(const Lines& lines) {
  for (const std::string_view line : lines) {
    const bool control = std::any_of(line.begin(), line.end(), [](char c) {
      return c != '\t' && std::iscntrl(static_cast<unsigned char>(c)) != 0;
    });
    if (control || line.size() < 2 || line[1] != '=') {
      return Error{kBadSdp, "the offer has a line that is not of the form x=value (RFC 8866)"};
    }
  }
  return {};
}

Result<void> check_shape(const SdpText& sdp) {
  const auto has = [&](std::string_view prefix) {
    return std::any_of(sdp.session.begin(), sdp.session.end(),
                       [prefix](const std::string& line) { return line.starts_with(prefix); });
  };
  if (sdp.session.empty() || sdp.session.front() != "v=0" || !has("o=") || !has("s=")) {
    return Error{kBadSdp, "the offer is not a session description (RFC 8866)"};
  }
  if (sdp.media.size() > kMaxSections) {
    return Error{kBadSdp, "the offer has more than 32 media sections"};
  }
  if (auto good = check_lines(sdp.session); !good) return good;
  for (const auto& section : sdp.media) {
    if (auto good = check_lines(section); !good) return good;
  }
  return {};
}

}  // namespace

Result<Parsed> parse_offer(const std::string& text) {
  Parsed offer;
  offer.text = SdpText::split(text);
  if (auto good = check_shape(offer.text); !good) return good.error();
  std::map<std::string, std::size_t, std::less<>> by_mid;
  for (std::size_t i = 0; i < offer.text.media.size(); ++i) {
    const auto& section = offer.text.media[i];
    auto media = media_line(section.front());
    if (!media) return Error{kBadSdp, "the offer has a malformed m= line"};
    const std::string mid(find_attribute(section, "mid").value_or(""));
    if (!mid.empty() && !is_word(mid)) {
      return Error{kBadSdp, "the a=mid of " + in_words(i, *media) + " is not one word (RFC 5888)"};
    }
    if (!mid.empty() && !by_mid.emplace(mid, i).second) {
      return Error{kBadSdp, "two media sections share a=mid:" + mid +
                                "; a mid names one section (RFC 5888)"};
    }
    offer.media.push_back(std::move(*media));
    offer.mids.push_back(mid);
  }
  for (const auto& line : offer.text.session) {
    const auto value = attribute(line, "group");
    if (!value) continue;
    const auto parts = words(*value);
    if (parts.empty() || !same_ignoring_case(parts[0], "BUNDLE")) continue;
    auto& group = offer.groups.emplace_back();
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const auto member = by_mid.find(parts[i]);
      if (member == by_mid.end()) continue;
      if (std::find(group.begin(), group.end(), member->second) == group.end()) {
        group.push_back(member->second);
      }
    }
  }
  return offer;
}

const std::vector<std::size_t>* group_of(const Parsed& offer, std::size_t section) {
  for (const auto& group : offer.groups) {
    if (std::find(group.begin(), group.end(), section) != group.end()) return &group;
  }
  return nullptr;
}

bool rejected(const Parsed& offer, std::size_t section) {
  if (offer.media[section].port != 0) return false;
  const bool bundle_only = find_attribute(offer.text.media[section], "bundle-only").has_value();
  return !bundle_only || group_of(offer, section) == nullptr;
}

bool sends(const Parsed& offer, std::size_t section) {
  for (const auto* lines : {&offer.text.media[section], &offer.text.session}) {
    if (find_attribute(*lines, "sendrecv") || find_attribute(*lines, "sendonly")) return true;
    if (find_attribute(*lines, "recvonly") || find_attribute(*lines, "inactive")) return false;
  }
  return true;
}

bool trickles(const Parsed& offer) {
  const auto says = [](const Lines& lines) {
    return std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
      const auto options = words(attribute(line, "ice-options").value_or(""));
      return std::any_of(options.begin(), options.end(), [](std::string_view option) {
        return same_ignoring_case(option, "trickle");
      });
    });
  };
  return says(offer.text.session) ||
         std::any_of(offer.text.media.begin(), offer.text.media.end(), says);
}

}  // namespace surveillx::webrtc
