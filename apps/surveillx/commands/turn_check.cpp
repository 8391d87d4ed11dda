#include "commands/turn_check.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "surveillx/base/clock.hpp"
#include "surveillx/ice/servers.hpp"

namespace surveillx::app {
namespace {

constexpr std::chrono::milliseconds kConnect{3'000};
constexpr std::chrono::milliseconds kAnswer{1'000};
constexpr int kTries = 3;  ///< Datagrams get lost.

/// Without user and password.
std::string shown(const ice::Server& server) { return server.scheme + ":" + server.address; }

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool wait(short what, std::chrono::milliseconds limit) const {
    pollfd one{fd_, what, 0};
    return poll(&one, 1, static_cast<int>(limit.count())) == 1;
  }

 private:
  int fd_;
};

/// An empty string, or what went wrong.
std::string connect_to(const Socket& socket, const addrinfo& address) {
  if (socket.fd() < 0) return std::strerror(errno);
  if (connect(socket.fd(), address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return std::strerror(errno);
  if (!socket.wait(POLLOUT, kConnect)) return "no connection within 3 s";
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::string() : std::strerror(error);
}

/// Sends Binding requests until a Binding response of ours comes.
std::string ask(const Socket& socket) {
  std::array<std::uint8_t, 20> request{0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xA4, 0x42};
  std::random_device random;  // Nothing secret: it tells our answer from others'.
  std::generate(request.begin() + 8, request.end(),
                [&] { return static_cast<std::uint8_t>(random()); });
  std::string why = "no answer within 3 s";
  for (int i = 0; i < kTries; ++i) {
    if (send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
      why = std::strerror(errno);  // Over UDP also that nothing listens there (ICMP).
    }
    if (!socket.wait(POLLIN, kAnswer)) continue;
    std::array<std::uint8_t, 1500> answer{};
    const ssize_t length = recv(socket.fd(), answer.data(), answer.size(), 0);
    if (length < 0) why = std::strerror(errno);
    const bool ours = length >= 20 && answer[0] == 0x01 &&
                      std::equal(request.begin() + 4, request.end(), answer.begin() + 4);
    if (ours) return {};
  }
  return why;
}

Result<void> check(const ice::Server& server) {
  const bool tcp = server.over_tcp();
  const auto failed = [&](const std::string& why) {
    return Error{kUnavailable, shown(server) + " does not answer over " +
                                   (tcp ? "TCP" : "UDP") + " (" + why +
                                   "): is it running, is the address right, and does a firewall let "
                                   "the port through? Cameras behind other routers need it"};
  };
  addrinfo hints{};
  hints.ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(server.host().c_str(), server.port().c_str(), &hints, &found);
      code != 0) {
    return failed(gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  std::string why;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const Socket socket(
        ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    why = connect_to(socket, *one);
    if (why.empty() && !server.over_tls()) why = ask(socket);
    if (why.empty()) return {};
  }
  return failed(why);
}

}  // namespace

Result<std::string> check_turn_servers(const config::Ice& ice) {
  const auto servers = ice::servers_for(ice.servers(), "doctor", system_clock().now());
  if (servers.empty()) {
    return std::string("none is configured, and none is needed while cameras reach this machine "
                       "directly (ice.turn)");
  }
  std::string all;
  for (const auto& server : servers) {
    if (auto answered = check(server); !answered) return answered.error();
    all += (all.empty() ? "" : ", ") + shown(server);
  }
  return all + (servers.size() == 1 ? " answers" : " answer");
}

}  // namespace surveillx::app
