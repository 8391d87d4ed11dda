#include "surveillx/webrtc/peer_session.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace surveillx::webrtc {
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

}  // namespace

Result<void> check_local_addresses(const std::vector<std::string>& addresses) {
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

}  // namespace surveillx::webrtc
