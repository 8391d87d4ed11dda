#include "ice_urls.hpp"

#include <charconv>

#include "surveillx/ice/turn_credentials.hpp"

namespace surveillx::mediaserver {
namespace {

struct Parts {
  std::string_view scheme;
  std::string_view account;  ///< `USER:PASSWORD`, percent-encoded; empty: none.
  std::string_view host;     ///< With the port when there is one.
  std::string_view query;    ///< With its question mark.
};

Parts split(std::string_view url) {
  Parts parts;
  const auto colon = url.find(':');
  parts.scheme = url.substr(0, colon);
  auto rest = colon == std::string_view::npos ? std::string_view{} : url.substr(colon + 1);
  if (rest.starts_with("//")) rest.remove_prefix(2);
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    parts.account = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  const auto query = rest.find('?');
  parts.host = rest.substr(0, query);
  if (query != std::string_view::npos) parts.query = rest.substr(query);
  return parts;
}

/// An IPv6 address has colons of its own, inside brackets.
bool has_port(std::string_view host) {
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  return colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Everything but RFC 3986's unreserved characters.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

}  // namespace

std::string element_url(std::string_view url) {
  if (url.empty()) return "";
  const Parts parts = split(url);
  std::string out = std::string(parts.scheme) + "://";
  if (!parts.account.empty()) out += std::string(parts.account) + "@";
  out += parts.host;
  if (!has_port(parts.host)) out += parts.scheme.ends_with('s') ? ":5349" : ":3478";
  return out + std::string(parts.query);
}

std::string with_account(std::string_view url, std::string_view username,
                         std::string_view password) {
  const Parts parts = split(url);
  if (!parts.account.empty()) return std::string(url);
  return std::string(parts.scheme) + ":" + percent_encoded(username) + ":" +
         percent_encoded(password) + "@" + std::string(parts.host) + std::string(parts.query);
}

std::vector<std::string> turn_urls(const config::Ice& ice, std::string_view name, UnixMillis now) {
  std::vector<std::string> urls = ice.turn;
  if (ice.turn_secret.empty()) return urls;
  const auto credentials = ice::turn_credentials(ice.turn_secret, name, now + ice.turn_lifetime);
  for (std::string& url : urls) {
    url = with_account(url, credentials.username, credentials.password);
  }
  return urls;
}

signaling::IceServer welcome_server(std::string_view url) {
  const Parts parts = split(url);
  signaling::IceServer server;
  server.urls.push_back(std::string(parts.scheme) + ":" + std::string(parts.host) +
                        std::string(parts.query));
  const auto colon = parts.account.find(':');
  server.username = percent_decoded(parts.account.substr(0, colon));
  if (colon != std::string_view::npos) {
    server.credential = percent_decoded(parts.account.substr(colon + 1));
  }
  return server;
}

}  // namespace surveillx::mediaserver
