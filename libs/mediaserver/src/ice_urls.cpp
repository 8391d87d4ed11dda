#include "ice_urls.hpp"

#include <charconv>

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
