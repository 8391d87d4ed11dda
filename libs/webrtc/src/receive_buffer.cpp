#include "negotiation.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <dirent.h>
#include <memory>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>

namespace surveillx::webrtc {
namespace {

constexpr int kReceiveBuffer = 2 * 1024 * 1024;

int port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return 0;
}

bool is_udp_on(int descriptor, int port) {
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_DGRAM) {
    return false;
  }
  sockaddr_storage address{};
  length = sizeof address;
  return getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
         port_of(address) == port;
}

}  // namespace

// libnice keeps its sockets to itself and webrtcbin does not hand out its stream ids, so the socket
// is found by the port of the candidate. A descriptor that changes hands meanwhile does no harm:
// what we look at and change is a socket bound to that port, whoever holds it.
void raise_receive_buffer(int port) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    int descriptor = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), descriptor).ec != std::errc()) {
      continue;
    }
    if (is_udp_on(descriptor, port)) {
      // Capped by net.core.rmem_max, unless we may go beyond it.
      if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer,
                     sizeof kReceiveBuffer) != 0) {
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
      }
    }
  }
}

}  // namespace surveillx::webrtc
