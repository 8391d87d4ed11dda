#include "url.hpp"

#include "surveillx/net/client.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

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
  const bool usual = !url.has_port() || url.port().empty() || url.port_number() == out.port;
  if (url.has_port() && !url.port().empty()) {
    out.port = url.port_number();
    if (out.port == 0) return Error{kBadUrl, "the address has no valid port"};
  }
  out.authority = std::string(url.encoded_host());
  if (!usual) out.authority += ":" + std::to_string(out.port);
  out.target = std::string(url.encoded_path());
  if (out.target.empty()) out.target = "/";
  if (url.has_query()) out.target += "?" + std::string(url.encoded_query());
  return out;
}

}  // namespace surveillx::net
