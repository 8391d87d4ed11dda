#include "local_addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace surveillx::mediaserver {
namespace {

/// Empty for what ICE cannot use: other families, and link-local addresses, which need a scope.
std::string text_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) == 0) {
      inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

}  // namespace

std::vector<std::string> ice_addresses(const std::vector<std::string>& configured) {
  if (!configured.empty()) return configured;
  std::vector<std::string> addresses;
  ifaddrs* all = nullptr;
  // Without an answer the list stays empty, and libnice looks by itself.
  if (getifaddrs(&all) != 0) return addresses;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
    const std::string text = text_of(each->ifa_addr);
    const bool loopback = (each->ifa_flags & IFF_LOOPBACK) != 0;
    if (text.empty() || (loopback && text != "127.0.0.1")) continue;
    if (std::find(addresses.begin(), addresses.end(), text) == addresses.end()) {
      addresses.push_back(text);
    }
  }
  freeifaddrs(all);
  return addresses;
}

}  // namespace surveillx::mediaserver
