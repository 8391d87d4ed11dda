#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace surveillx::net {

/// A plain blocking socket to 127.0.0.1, for bytes that a well-behaved client would not send.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port, const char* from = nullptr);
  /// A socket that is connected later.
  struct Unconnected {};
  explicit RawSocket(Unconnected);
  /// `from`: a loopback address that it comes from.
  void connect(std::uint16_t port, const char* from);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  /// False when the peer has gone.
  bool send(std::string_view bytes);
  /// Reads until `part` has come, or the end; everything read so far.
  std::string read_until(std::string_view part);
  /// Reads until the peer closes.
  std::string read_all();
  /// True when the connection was ended in order, false when it was reset or nothing came for long.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] int fd() const { return fd_; }
  /// Ends with a reset.
  void reset();

 private:
  bool receive();
  int fd_ = -1;
  bool ended_ = false;
  std::string received_;
};

/// A server of one thread that answers each connection with what a test says, byte by byte.
class ScriptedServer {
 public:
  /// `script[i]` is what the i-th connection gets after its request's header; then it is closed.
  explicit ScriptedServer(std::vector<std::string> script);
  ~ScriptedServer();
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/";
  }

 private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

inline RawSocket::RawSocket(Unconnected) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval timeout{20, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

inline RawSocket::RawSocket(std::uint16_t port, const char* from) : RawSocket(Unconnected{}) {
  connect(port, from);
}

inline void RawSocket::connect(std::uint16_t port, const char* from) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (from != nullptr) {
    ::inet_pton(AF_INET, from, &address.sin_addr);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the server under test");
  }
}

inline RawSocket::~RawSocket() {
  if (fd_ >= 0) ::close(fd_);
}

inline bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

inline bool RawSocket::receive() {
  std::array<char, 16384> buffer{};
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
  if (got == 0) ended_ = true;
  return got > 0;
}

inline std::string RawSocket::read_until(std::string_view part) {
  std::size_t searched = 0;
  while (received_.find(part, searched) == std::string::npos) {
    searched = received_.size() - std::min(received_.size(), part.size());
    if (!receive()) break;
  }
  return received_;
}

inline std::string RawSocket::read_all() {
  while (receive()) {
  }
  return received_;
}

inline void RawSocket::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

inline ScriptedServer::ScriptedServer(std::vector<std::string> script)
    : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(fd_, 8);
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, script = std::move(script)] {
    for (const std::string& answer : script) {
      const int peer = ::accept(fd_, nullptr, nullptr);
      if (peer < 0) return;
      std::string request;
      std::array<char, 4096> buffer{};
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = ::recv(peer, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(got));
      }
      ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  });
}

inline ScriptedServer::~ScriptedServer() {
  ::shutdown(fd_, SHUT_RDWR);  // Wakes accept.
  thread_.join();
  ::close(fd_);
}

}  // namespace surveillx::net
