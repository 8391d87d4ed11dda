#include "surveillx/supervisor/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "surveillx/base/log.hpp"

namespace surveillx::supervisor {

void notify_ready(std::string_view status) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr || (name[0] != '@' && name[0] != '/')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(name);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = '\0';  // Linux's abstract name space, unix(7).
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const std::string message = "READY=1\nSTATUS=" + std::string(status) + "\n";
  const auto address_size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  if (sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), address_size) < 0) {
    log::warn("supervisor.notify_failed", {{"error", std::strerror(errno)}});
  }
  close(fd);
}

}  // namespace surveillx::supervisor
