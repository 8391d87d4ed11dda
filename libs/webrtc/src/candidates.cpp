#include "sdp_edit.hpp"

#include <algorithm>
#include <cctype>

namespace surveillx::webrtc {

bool plausible_candidate(std::string_view candidate) {
  constexpr std::size_t kMaxLength = 1024;
  if (candidate.size() > kMaxLength) return false;
  const auto control = [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; };
  if (std::any_of(candidate.begin(), candidate.end(), control)) return false;
  if (candidate.starts_with("a=")) candidate.remove_prefix(2);
  if (!candidate.starts_with("candidate:")) return false;
  // foundation component transport priority address port "typ" type
  const auto parts = words(candidate.substr(std::string_view("candidate:").size()));
  if (parts.size() < 8 || parts[6] != "typ") return false;
  const auto port = number(parts[5]);
  return number(parts[1]).has_value() && port && *port <= 65'535;
}

int host_udp_port(std::string_view candidate) {
  const auto parts = words(candidate);
  if (parts.size() < 8 || parts[7] != "host" || !same_ignoring_case(parts[2], "UDP")) return 0;
  return number(parts[5]).value_or(0);
}

}  // namespace surveillx::webrtc
