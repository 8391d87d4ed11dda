#include "surveillx/supervisor/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "surveillx/base/log.hpp"

namespace surveillx::supervisor {

namespace {

void send_datagram(std::string_view message, int flags) {
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
  const auto address_size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  if (sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | flags,
             reinterpret_cast<const sockaddr*>(&address), address_size) < 0 &&
      errno != EAGAIN && errno != EWOULDBLOCK) {
    log::warn("supervisor.notify_failed", {{"error", std::strerror(errno)}});
  }
  close(fd);
}

}  // namespace

void notify_ready(std::string_view status) {
  send_datagram("READY=1\nSTATUS=" + std::string(status) + "\n", 0);
}

void notify_alive() { send_datagram("WATCHDOG=1\n", MSG_DONTWAIT); }

std::optional<std::chrono::milliseconds> heartbeat_interval() {
  const char* text = std::getenv("WATCHDOG_USEC");
  if (text == nullptr || std::getenv("NOTIFY_SOCKET") == nullptr) return std::nullopt;
  // Set when it is meant for one process of several (systemd); ours does not set it.
  if (const char* pid = std::getenv("WATCHDOG_PID");
      pid != nullptr && std::to_string(getpid()) != pid) {
    return std::nullopt;
  }
  const long long micros = std::strtoll(text, nullptr, 10);
  if (micros <= 0) return std::nullopt;
  return std::max(std::chrono::milliseconds(1), std::chrono::milliseconds(micros / 3'000));
}

}  // namespace surveillx::supervisor
