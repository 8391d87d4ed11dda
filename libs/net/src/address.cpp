#include "surveillx/net/address.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace surveillx::net {

std::string address_group(std::string_view text) {
  namespace ip = boost::asio::ip;
  boost::system::error_code ec;
  // Without an interface's name (`fe80::1%eth0`).
  const ip::address address = ip::make_address(std::string(text.substr(0, text.find('%'))), ec);
  if (ec || address.is_v4()) return std::string(text);
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
  ip::address_v6::bytes_type bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace surveillx::net
