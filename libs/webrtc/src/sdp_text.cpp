#include "sdp_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace surveillx::webrtc {
namespace {

char lower_char(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

}  // namespace

SdpText SdpText::split(std::string_view text) {
  SdpText out;
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    auto line = text.substr(0, end);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
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
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_char(x) == lower_char(y); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_char);
  return out;
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isgraph(static_cast<unsigned char>(c)) != 0;
  });
}

std::optional<std::string_view> attribute(std::string_view line, std::string_view name) {
  if (!line.starts_with("a=")) return std::nullopt;
  line.remove_prefix(2);
  const auto colon = line.find(':');
  if (!same_ignoring_case(line.substr(0, colon), name)) return std::nullopt;
  if (colon == std::string_view::npos) return std::string_view{};
  line.remove_prefix(colon + 1);
  const auto start = line.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view{} : line.substr(start);
}

std::optional<std::string_view> find_attribute(const Lines& lines, std::string_view name) {
  for (const auto& line : lines) {
    if (const auto value = attribute(line, name)) return value;
  }
  return std::nullopt;
}

std::optional<MediaLine> media_line(std::string_view line) {
  if (!line.starts_with("m=")) return std::nullopt;
  const auto parts = words(line.substr(2));
  if (parts.size() < 4) return std::nullopt;
  const auto port = number(parts[1].substr(0, parts[1].find('/')));
  if (!port || *port > 65'535) return std::nullopt;
  return MediaLine{
      lower(parts[0]), *port, std::string(parts[2]), {parts.begin() + 3, parts.end()}};
}

std::optional<PayloadLine> payload_line(std::string_view line) {
  static constexpr std::array<std::string_view, 3> kNames{"rtpmap", "fmtp", "rtcp-fb"};
  for (const auto name : kNames) {
    const auto value = attribute(line, name);
    if (!value) continue;
    const auto space = value->find(' ');
    const auto payload = number(value->substr(0, space));
    if (!payload || *payload > 127) return std::nullopt;
    return PayloadLine{
        name, *payload,
        space == std::string_view::npos ? std::string_view{} : value->substr(space + 1)};
  }
  return std::nullopt;
}

}  // namespace surveillx::webrtc
