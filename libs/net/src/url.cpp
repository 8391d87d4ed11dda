#include "url.hpp"

#include "surveillx/net/client.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>

namespace surveillx::net {

Result<Url> parse_url(const std::string& text) {
  // The text is not repeated in messages: a query may hold a token.
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return Error{kBadUrl, "not an address of the form scheme://host:port/path"};
  const boost::urls::url_view& url = *parsed;
  const std::string scheme(url.scheme());
  Url out;
  out.tls = scheme == "https" || scheme == "wss";
  if (!out.tls && scheme != "http" && scheme != "ws") {
    return Error{kBadUrl, "the scheme must be http, https, ws or wss"};
  }
  if (url.has_userinfo()) return Error{kBadUrl, "a user name in an address is not supported"};
  out.host = std::string(url.host_address());
  if (out.host.empty()) return Error{kBadUrl, "the address names no host"};
  out.port = out.tls ? 443 : 80;
  const std::uint16_t usual = out.port;
  if (const std::string port(url.port()); !port.empty()) {
    const char* const end = port.data() + port.size();
    const auto [stop, failed] = std::from_chars(port.data(), end, out.port);
    if (failed != std::errc() || stop != end || out.port == 0) {
      return Error{kBadUrl, "the address has no valid port"};
    }
  }
  out.target = std::string(url.encoded_path());
  // Boost 1.81 takes `http://a:b` for an empty port and a path `b`, which RFC 3986 3.3 does not allow.
  if (!out.target.empty() && out.target.front() != '/') {
    return Error{kBadUrl, "the address has no valid port"};
  }
  out.authority = std::string(url.encoded_host());
  if (out.port != usual) out.authority += ":" + std::to_string(out.port);
  if (out.target.empty()) out.target = "/";
  if (url.has_query()) out.target += "?" + std::string(url.encoded_query());
  return out;
}

}  // namespace surveillx::net
