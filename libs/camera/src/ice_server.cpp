#include "sender.hpp"

namespace surveillx::camera {
namespace {

constexpr std::string_view kUnreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = digit(text[i + 1]);
    const int low = digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

/// Splits `turn:host` or `turn://host` into scheme and the rest.
std::pair<std::string_view, std::string_view> split_scheme(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos) return {};
  std::string_view rest = url.substr(colon + 1);
  if (rest.starts_with("//")) rest.remove_prefix(2);
  return {url.substr(0, colon), rest};
}

bool is_turn(std::string_view scheme) { return scheme == "turn" || scheme == "turns"; }

}  // namespace

Result<signaling::IceServer> parse_ice_server(std::string_view text) {
  const auto [scheme, all] = split_scheme(text);
  std::string_view rest = all;
  // The message must not repeat the URL, which may hold a password.
  const Error bad{kInvalidArgument,
                  "an ICE server must look like stun:HOST:PORT or "
                  "turn:USER:PASSWORD@HOST:PORT?transport=udp"};
  if (scheme != "stun" && scheme != "stuns" && !is_turn(scheme)) return bad;
  signaling::IceServer server;
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view account = rest.substr(0, at);
    rest = rest.substr(at + 1);
    const std::size_t colon = account.find(':');
    if (colon == std::string_view::npos) return bad;
    const auto user = percent_decoded(account.substr(0, colon));
    const auto password = percent_decoded(account.substr(colon + 1));
    if (!user || !password || user->empty()) return bad;
    server.username = *user;
    server.credential = *password;
  }
  if (rest.empty() || rest.front() == '?' || rest.find_first_of(" \t\r\n") != rest.npos) return bad;
  if (is_turn(scheme) && server.username.empty()) return bad;
  server.urls.push_back(std::string(scheme) + ":" + std::string(rest));
  return server;
}

std::string webrtcbin_url(const std::string& url, const signaling::IceServer& server) {
  const auto [scheme, rest] = split_scheme(url);
  std::string out = std::string(scheme) + "://";
  if (is_turn(scheme) && !server.username.empty()) {
    out += percent_encoded(server.username) + ":" + percent_encoded(server.credential) + "@";
  }
  out += rest;
  if (rest.find(':') == std::string_view::npos) {
    // webrtcbin wants the port that RFC 7064 and 7065 leave out.
    const std::size_t query = out.find('?');
    const std::string port = scheme.ends_with('s') ? ":5349" : ":3478";
    out.insert(query == std::string::npos ? out.size() : query, port);
  }
  return out;
}

}  // namespace surveillx::camera
