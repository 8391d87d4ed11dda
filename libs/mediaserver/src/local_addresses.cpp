#include "surveillx/mediaserver/local_addresses.hpp"

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

/// Binding tells more than a list of interfaces: all of 127.0.0.0/8 works though one address of it is
/// listed.
bool can_bind(const std::string& text) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    size = sizeof *v4;
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    size = sizeof *v6;
  } else {
    return false;
  }
  const int socket = ::socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno != EAFNOSUPPORT;  // Out of descriptors says nothing of the address.
  const bool bound = bind(socket, reinterpret_cast<const sockaddr*>(&storage), size) == 0;
  close(socket);
  return bound;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

std::vector<std::string> addresses_not_here(const std::vector<std::string>& addresses) {
  std::vector<std::string> missing;
  std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(missing),
               [](const std::string& address) { return !can_bind(address); });
  return missing;
}

Result<void> check_local_addresses(const config::Ice& ice) {
  const auto missing = addresses_not_here(ice.local_addresses);
  if (missing.empty()) return {};
  return Error{kAddressNotHere, "ice.local_addresses names " + joined(missing) +
                                    ", which this machine does not have; it has " +
                                    joined(ice_addresses({})) +
                                    "; name some of these, or none to use all"};
}

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
