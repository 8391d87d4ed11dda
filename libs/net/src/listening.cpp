#include "listening.hpp"

#include "surveillx/net/http_server.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <charconv>
#include <vector>

namespace surveillx::net {
namespace {

struct Address {
  std::string host;  ///< Empty: all addresses.
  std::uint16_t port = 0;
};

Result<Address> parse_address(const std::string& text) {
  const Error bad{kBadAddress, "\"" + text + "\" is not HOST:PORT, [IPv6]:PORT or :PORT"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad;
  Address out;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (ec != std::errc() || stop != end) return bad;
  out.host = text.substr(0, colon);
  if (out.host.size() >= 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return bad;
  }
  return out;
}

error_code bind_at(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool listen) {
  error_code ec;
  acceptor.close(ec);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), ec);
  }
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec && listen) acceptor.listen(1024, ec);
  return ec;
}

}  // namespace

Result<void> bind_acceptor(tcp::acceptor& acceptor, const std::string& text, bool listen) {
  Result<Address> address = parse_address(text);
  if (!address) return address.error();
  std::vector<tcp::endpoint> endpoints;
  if (address->host.empty() || address->host == "::") {
    endpoints.emplace_back(tcp::v6(), address->port);
    // Kernels without IPv6.
    if (address->host.empty()) endpoints.emplace_back(tcp::v4(), address->port);
  } else {
    error_code ec;
    tcp::resolver resolver(acceptor.get_executor());
    for (const auto& entry : resolver.resolve(address->host, std::to_string(address->port),
                                              tcp::resolver::passive, ec)) {
      endpoints.push_back(entry.endpoint());
    }
    if (ec || endpoints.empty()) {
      return Error{kBadAddress, "cannot listen at " + text + ": " + ec.message()};
    }
  }
  error_code ec;
  for (const tcp::endpoint& endpoint : endpoints) {
    ec = bind_at(acceptor, endpoint, listen);
    if (!ec || ec == asio::error::address_in_use) break;
  }
  if (ec == asio::error::address_in_use) {
    return Error{kPortInUse, "port " + std::to_string(address->port) +
                                 " is in use by another program (listening at " + text + ")"};
  }
  if (ec) return Error{kBadAddress, "cannot listen at " + text + ": " + ec.message()};
  return {};
}

}  // namespace surveillx::net
