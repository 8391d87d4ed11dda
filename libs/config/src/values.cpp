#include "values.hpp"

#include "surveillx/config/hide_password.hpp"
#include "surveillx/config/load.hpp"
#include "surveillx/ice/server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>

namespace surveillx::config {
namespace {

Error bad(std::string message) { return Error{kBadValue, std::move(message)}; }

bool is_digits(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  auto port = parse_integer(text, 0, 65535);
  if (!port || !is_digits(text))
    return bad("\"" + std::string(text) + "\" is not a port (0 to 65535)");
  return static_cast<std::uint16_t>(*port);
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (const char c : text) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '-' || c == '_';
    if (!ok) return false;
  }
  return true;
}

bool is_ip6(const std::string& text) {
  in6_addr address{};
  const std::string without_zone = text.substr(0, text.find('%'));
  return inet_pton(AF_INET6, without_zone.c_str(), &address) == 1;
}

/// `HOST`, `HOST:PORT`, `[::1]` or `[::1]:PORT`.
Result<void> check_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_ip6(std::string(text.substr(1, end - 1)))) {
      return bad("the address in brackets is not an IPv6 address");
    }
    const auto rest = text.substr(end + 1);
    if (rest.empty()) return {};
    if (!rest.starts_with(':')) return bad("there is text after the closing bracket");
    if (auto port = parse_port(rest.substr(1)); !port) return port.error();
    return {};
  }
  const auto colon = text.find(':');
  if (!is_host(text.substr(0, colon))) return bad("the host is missing or malformed");
  if (colon == std::string_view::npos) return {};
  if (auto port = parse_port(text.substr(colon + 1)); !port) return port.error();
  return {};
}

std::string scheme_list(const std::vector<std::string_view>& schemes, std::string_view after) {
  std::string text;
  for (const auto scheme : schemes) {
    if (!text.empty()) text += " or ";
    text += std::string(scheme) + std::string(after);
  }
  return text;
}

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    return bad("\"" + std::string(text) + "\" is not a whole number");
  }
  if (value < min || value > max) {
    return bad(std::to_string(value) + " is not between " + std::to_string(min) + " and " +
               std::to_string(max));
  }
  return value;
}

Result<double> parse_number(std::string_view text, double min, double max) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return bad("\"" + std::string(text) + "\" is not a number");
  }
  if (value < min || value > max) {
    return bad(format_number(value) + " is not between " + format_number(min) + " and " +
               format_number(max));
  }
  return value;
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return bad("\"" + std::string(text) + "\" is neither true nor false");
}

namespace {

struct Unit {
  std::string_view name;
  double milliseconds;
};
constexpr std::array<Unit, 6> kUnits{
    {{"ms", 1}, {"s", 1'000}, {"", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                 std::chrono::milliseconds min,
                                                 std::chrono::milliseconds max) {
  const auto explain = [&] {
    return bad("\"" + std::string(text) + "\" is not a duration such as 500ms, 60s, 5m or 12h");
  };
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || !std::isfinite(number) || number < 0) return explain();
  const std::string unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  for (const auto& known : kUnits) {
    if (known.name != unit) continue;
    const double milliseconds = number * known.milliseconds;
    if (milliseconds < static_cast<double>(min.count()) ||
        milliseconds > static_cast<double>(max.count())) {
      return bad("\"" + std::string(text) + "\" is not between " + format_duration(min) + " and " +
                 format_duration(max));
    }
    return std::chrono::milliseconds(std::llround(milliseconds));
  }
  return explain();
}

std::string format_duration(std::chrono::milliseconds value) {
  const auto ms = value.count();
  if (ms != 0 && ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms != 0 && ms % 60'000 == 0 && ms > 60'000) return std::to_string(ms / 60'000) + "m";
  if (ms % 1'000 == 0) return std::to_string(ms / 1'000) + "s";
  return std::to_string(ms) + "ms";
}

std::string format_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

Result<ListenAddress> parse_listen(std::string_view text) {
  const auto explain = [&](const std::string& why) {
    return bad("\"" + std::string(text) + "\" is not an address to listen on (HOST:PORT, " +
               "[::1]:PORT or :PORT): " + why);
  };
  ListenAddress address;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return explain("the port is missing");
  auto port = parse_port(text.substr(colon + 1));
  if (!port) return explain(port.error().message);
  address.port = *port;
  const auto host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || !is_ip6(std::string(host.substr(1, host.size() - 2)))) {
      return explain("the address in brackets is not an IPv6 address");
    }
    address.host = std::string(host.substr(1, host.size() - 2));
    return address;
  }
  if (!host.empty() && host != "*" && !is_host(host)) return explain("the host is malformed");
  if (host != "*") address.host = std::string(host);
  return address;
}

Result<void> check_url(std::string_view text, const std::vector<std::string_view>& schemes) {
  for (const auto scheme : schemes) {
    const std::string start = std::string(scheme) + "://";
    if (!text.starts_with(start)) continue;
    auto rest = text.substr(start.size());
    const auto after = rest.substr(std::min(rest.size(), rest.find_first_of("/?#")));
    rest.remove_suffix(after.size());
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
    if (auto ok = check_authority(rest); !ok) {
      // What was taken for the port may be a part of the password.
      if (after.find('@') != std::string_view::npos) {
        return bad("/, ? and # in a user name or password have to be percent-encoded");
      }
      return bad("\"" + hide_password(text) + "\" is not a URL: " + ok.error().message);
    }
    return {};
  }
  return bad("\"" + hide_password(text) + "\" does not start with " + scheme_list(schemes, "://"));
}

Result<void> check_ice_url(std::string_view text, const std::vector<std::string_view>& schemes) {
  // Where the query begins is for nobody to guess.
  if (const auto query = text.find('?');
      query != std::string_view::npos && text.find('@', query) != std::string_view::npos) {
    return bad("a question mark in a user name or password of a TURN server has to be written %3F");
  }
  const auto server = ice::take_apart(text.substr(0, text.find('?')));
  if (!server || std::find(schemes.begin(), schemes.end(), server->scheme) == schemes.end()) {
    return bad("\"" + hide_password(text) + "\" does not start with " + scheme_list(schemes, ":"));
  }
  if (auto ok = check_authority(server->address); !ok) {
    return bad("\"" + hide_password(text) + "\" is not a server: " + ok.error().message);
  }
  return {};
}

Result<void> check_ip_address(std::string_view text) {
  in_addr address{};
  const std::string copy(text);
  if (inet_pton(AF_INET, copy.c_str(), &address) == 1 || is_ip6(copy)) return {};
  return bad("\"" + copy + "\" is not an IP address");
}

Result<void> check_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const bool ip6 = address.find(':') != std::string_view::npos;
  if (check_ip_address(address)) {
    if (slash == std::string_view::npos) return {};
    const auto bits = text.substr(slash + 1);
    if (is_digits(bits) && parse_integer(bits, 0, ip6 ? 128 : 32)) return {};
  }
  return bad("\"" + std::string(text) +
             "\" is neither an IP address nor a network such as 10.1.0.0/16");
}

Result<void> check_external_url(std::string_view text) {
  if (auto ok = check_url(text, {"http", "https"}); !ok) return ok;
  if (text.find_first_of("@?#") != std::string_view::npos) {
    return bad("\"" + hide_password(text) +
               "\" may have a path, but no user, query or fragment: https://cameras.example/sx");
  }
  const auto slash = text.find('/', text.find("://") + 3);
  return slash == std::string_view::npos ? Result<void>() : check_base_path(text.substr(slash));
}

Result<void> check_base_path(std::string_view text) {
  const auto explain = [&](std::string_view why) {
    return bad("\"" + std::string(text) + "\" is not a path such as /sx: " + std::string(why));
  };
  if (!text.starts_with('/')) return explain("it has to start with a slash");
  // Below these we answer without a prefix too, for proxies that take theirs off.
  constexpr std::array<std::string_view, 6> kOurs{"api",     "socket.io", "assets",
                                                  "metrics", "healthz",   "readyz"};
  while (text.ends_with('/')) text.remove_suffix(1);
  for (auto rest = text; !rest.empty();) {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return explain("a part is missing");
    for (const char c : segment) {
      const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
      if (!ok) return explain("use letters, digits, -, _, . and ~ only");
    }
    for (const auto ours : kOurs) {
      if (rest.size() + 1 == text.size() && segment == ours) {
        return explain("SurveillX uses that name itself");
      }
    }
    rest.remove_prefix(segment.size());
  }
  return {};
}

Result<void> check_timezone(std::string_view text) {
  const auto explain = [&] {
    return bad(
        "\"" + std::string(text) +
        "\" is not an IANA time zone such as Europe/Berlin (is the package tzdata installed?)");
  };
  if (text.empty() || text.starts_with('/') || text.find("..") != std::string_view::npos) {
    return explain();
  }
  for (const char c : text) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '/' || c == '_' || c == '-' || c == '+';
    if (!ok) return explain();
  }
  if (text == "UTC") return {};
  std::error_code ignored;
  if (!std::filesystem::is_regular_file("/usr/share/zoneinfo/" + std::string(text), ignored)) {
    return explain();
  }
  return {};
}

Result<void> check_database_url(std::string_view text) {
  if (text.starts_with("sqlite:")) {
    if (text.size() == 7) return bad("\"sqlite:\" names no file; write sqlite:PATH");
    return {};
  }
  if (text.starts_with("postgresql://") || text.starts_with("postgres://")) {
    // An empty host is fine here: libpq takes the socket directory from the query or its default.
    return {};
  }
  return bad("\"" + hide_password(text) + "\" is neither sqlite:PATH nor postgresql://...");
}

std::string trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  const auto last = text.find_last_not_of(" \t\r\n");
  return std::string(text.substr(first, last - first + 1));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (auto item = trim(text.substr(0, comma)); !item.empty()) items.push_back(std::move(item));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

std::string join_list(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ',';
    text += item;
  }
  return text;
}

}  // namespace surveillx::config
