#include "tcp_probe.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace surveillx::webapp {
namespace {

bool connects(const addrinfo& address, std::chrono::milliseconds timeout) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  bool connected = ::connect(fd, address.ai_addr, address.ai_addrlen) == 0;
  if (!connected) {
    pollfd waited{fd, POLLOUT, 0};
    int error = 0;
    socklen_t length = sizeof error;
    connected = ::poll(&waited, 1, static_cast<int>(timeout.count())) == 1 &&
                ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
  }
  ::close(fd);
  return connected;
}

}  // namespace

bool accepts_connections(const std::string& url, std::chrono::milliseconds timeout) {
  const auto scheme = url.find("://");
  const auto colon = url.rfind(':');
  if (scheme == std::string::npos || colon <= scheme) return false;
  std::string host = url.substr(scheme + 3, colon - scheme - 3);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), url.substr(colon + 1).c_str(), &hints, &found) != 0) return false;
  bool connected = false;
  for (const auto* each = found; each != nullptr && !connected; each = each->ai_next) {
    connected = connects(*each, timeout);
  }
  ::freeaddrinfo(found);
  return connected;
}

}  // namespace surveillx::webapp
