#include "surveillx/ice/local_addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <ifaddrs.h>
#include <iterator>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace surveillx::ice {
namespace {

enum class Found { here, elsewhere, no_address };

/// Binding tells what an interface list cannot: 127.0.0.2 and addresses of a local route work too.
template <class Address>
Found bind_to(const Address& address, int family) {
  const int descriptor = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return Found::here;  // No descriptor or no IPv6: not this check's business.
  const int bound = bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  close(descriptor);
  return bound != 0 && error == EADDRNOTAVAIL ? Found::elsewhere : Found::here;
}

Found find(const std::string& text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) return bind_to(v4, AF_INET);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) return bind_to(v6, AF_INET6);
  return Found::no_address;
}

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

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

Result<void> check_gatherable(const std::vector<std::string>& addresses) {
  for (const auto& address : addresses) {
    const auto found = find(address);
    if (found == Found::here) continue;
    return Error{kBadIceAddress,
                 "ice.local_addresses: " + address +
                     (found == Found::elsewhere
                          ? " is not an address of this machine; `ip address` lists those it has"
                          : " is not an IP address")};
  }
  return {};
}

std::vector<std::string> addresses_not_here(const std::vector<std::string>& addresses) {
  std::vector<std::string> missing;
  std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(missing),
               [](const std::string& address) { return find(address) != Found::here; });
  return missing;
}

Result<void> check_local_addresses(const std::vector<std::string>& configured) {
  const auto missing = addresses_not_here(configured);
  if (missing.empty()) return {};
  return Error{kAddressNotHere, "ice.local_addresses names " + joined(missing) +
                                    ", which this machine does not have; it has " +
                                    joined(addresses_to_announce({})) +
                                    "; name some of these, or none to use all"};
}

std::vector<std::string> addresses_to_announce(const std::vector<std::string>& configured) {
  if (!configured.empty()) {
    // One that is gone, such as that of a cable pulled, must not cost the others.
    const auto missing = addresses_not_here(configured);
    if (missing.empty() || missing == configured) return configured;
    std::vector<std::string> here;
    std::copy_if(configured.begin(), configured.end(), std::back_inserter(here),
                 [&](const std::string& address) {
                   return std::find(missing.begin(), missing.end(), address) == missing.end();
                 });
    return here;
  }
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

}  // namespace surveillx::ice
