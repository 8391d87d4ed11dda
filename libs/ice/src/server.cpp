#include "surveillx/ice/server.hpp"

#include "surveillx/base/bytes.hpp"

#include <utility>

namespace surveillx::ice {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const int byte = percent_decoded_byte(text, i); byte >= 0) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_broken_escape(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && percent_decoded_byte(text, i) < 0) return true;
  }
  return false;
}

/// Everything but RFC 3986's unreserved characters.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

struct Parts {
  std::string_view scheme;
  std::optional<std::string_view> account;
  std::string_view address;
  std::string_view query;
};

std::optional<Parts> split(std::string_view url) {
  Parts parts;
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  parts.scheme = url.substr(0, colon);
  if (parts.scheme != "stun" && parts.scheme != "stuns" && parts.scheme != "turn" &&
      parts.scheme != "turns") {
    return std::nullopt;
  }
  auto rest = url.substr(colon + 1);
  if (rest.starts_with("//")) rest.remove_prefix(2);
  // The last one: people write passwords as they are.
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    parts.account = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  const auto query = rest.find('?');
  parts.address = rest.substr(0, query);
  if (query != std::string_view::npos) parts.query = rest.substr(query);
  return parts;
}

Server server_of(const Parts& parts) {
  Server server;
  server.scheme = std::string(parts.scheme);
  server.address = std::string(parts.address);
  server.query = std::string(parts.query);
  const auto account = parts.account.value_or(std::string_view());
  const auto colon = account.find(':');
  server.username = percent_decoded(account.substr(0, colon));
  if (colon != std::string_view::npos) {
    server.credential = percent_decoded(account.substr(colon + 1));
  }
  return server;
}

/// Where the port's colon is. An IPv6 address has colons of its own, inside brackets.
std::size_t port_colon(std::string_view address) {
  const auto colon = address.rfind(':');
  const auto bracket = address.rfind(']');
  const bool inside = bracket != std::string_view::npos && colon < bracket;
  return inside ? std::string_view::npos : colon;
}

}  // namespace

bool Server::over_tcp() const {
  return over_tls() || query.find("transport=tcp") != std::string::npos;
}

std::string Server::host() const {
  std::string_view host = std::string_view(address).substr(0, port_colon(address));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

std::string Server::port() const {
  const auto colon = port_colon(address);
  if (colon != std::string::npos) return address.substr(colon + 1);
  return over_tls() ? "5349" : "3478";
}

std::string Server::element_url() const {
  std::string out = scheme + "://";
  if (is_turn() && has_account()) {
    out += percent_encoded(username) + ":" + percent_encoded(credential) + "@";
  }
  out += address;
  // RFC 7064 and 7065 leave it out.
  if (port_colon(address) == std::string::npos) out += ":" + port();
  return out + query;
}

std::optional<Server> take_apart(std::string_view url) {
  const auto parts = split(url);
  if (!parts) return std::nullopt;
  return server_of(*parts);
}

Result<Server> parse_server(std::string_view url) {
  // The message must not repeat the URL, which may hold a password.
  const Error bad{kInvalidArgument,
                  "an ICE server must look like stun:HOST:PORT or "
                  "turn:USER:PASSWORD@HOST:PORT?transport=udp"};
  const auto parts = split(url);
  if (!parts) return bad;
  auto server = server_of(*parts);
  if (parts->account) {
    const bool two = parts->account->find(':') != std::string_view::npos;
    if (!two || has_broken_escape(*parts->account) || server.username.empty()) return bad;
  }
  const std::string shown = server.url();
  if (server.address.empty() || shown.find_first_of(" \t\r\n") != std::string::npos) return bad;
  if (server.is_turn() && server.username.empty()) return bad;
  return server;
}

}  // namespace surveillx::ice
