#include "target.hpp"

#include "surveillx/base/bytes.hpp"

#include <cctype>
#include <optional>

namespace surveillx::net {
namespace {

/// Nothing when an escape is not two hexadecimal digits or something decodes to NUL.
std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int byte = percent_decoded_byte(text, i);
      if (byte < 0) return std::nullopt;
      c = static_cast<char>(byte);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  return out;
}

Result<std::string> normalise_path(std::string_view path) {
  std::vector<std::string> segments;
  bool directory = false;  // Ends with a slash, or with a dot segment, which means the same.
  while (!path.empty()) {
    path.remove_prefix(1);  // The slash.
    const std::string_view raw = path.substr(0, path.find('/'));
    path.remove_prefix(raw.size());
    const std::optional<std::string> segment = decode(raw, false);
    if (!segment) return Error{kInvalidArgument, "the path is not properly percent-encoded"};
    // A decoded slash would make one segment look like two to whoever splits the path later.
    if (segment->find('/') != std::string::npos) {
      return Error{kInvalidArgument, "the path holds an encoded slash"};
    }
    directory = segment->empty() || *segment == "." || *segment == "..";
    if (*segment == "..") {
      if (segments.empty()) return Error{kInvalidArgument, "the path leaves the root"};
      segments.pop_back();
    } else if (!directory) {
      segments.push_back(*segment);
    }
  }
  std::string out;
  for (const std::string& segment : segments) out += '/' + segment;
  if (directory || out.empty()) out += '/';
  return out;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  // Absolute form: what proxies send. The authority is the Host header's business.
  if (const std::size_t scheme = target.find("://");
      scheme != std::string_view::npos && scheme > 0 && target.front() != '/') {
    target.remove_prefix(scheme + 3);
    const std::size_t end = target.find_first_of("/?");
    if (end == std::string_view::npos) return Target{"/", {}};
    target.remove_prefix(end);
    if (target.front() == '?') return Error{kInvalidArgument, "the target has no path"};
  }
  if (target.empty() || target.front() != '/') {
    return Error{kInvalidArgument, "the target is not a path"};
  }
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  Result<std::string> path = normalise_path(target.substr(0, mark));
  if (!path) return path.error();
  Target out{std::move(*path), {}};
  if (mark == std::string_view::npos) return out;

  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::optional<std::string> key = decode(pair.substr(0, equals), true);
    const std::optional<std::string> value =
        equals == std::string_view::npos ? std::string() : decode(pair.substr(equals + 1), true);
    if (!key || !value) {
      return Error{kInvalidArgument, "the query is not properly percent-encoded"};
    }
    out.query.emplace_back(*key, *value);
  }
  return out;
}

}  // namespace surveillx::net
