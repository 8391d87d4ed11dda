#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace surveillx::socketio {

/// A WebSocket peer on a bare blocking socket, so that a test decides when it reads. Small messages
/// out, any size in.
class RawPeer {
 public:
  RawPeer(std::uint16_t port, const std::string& target, int receive_buffer = 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("connect failed");
    }
    write("GET " + target +
          " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    std::string head;
    while (!head.ends_with("\r\n\r\n")) head += read(1);
    if (!head.starts_with("HTTP/1.1 101")) throw std::runtime_error(head);
  }
  ~RawPeer() { ::close(fd_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  /// A masked text frame; the key is zero, which leaves the text as it is.
  void send_text(const std::string& text) {
    write(std::string("\x81") + static_cast<char>(0x80 | text.size()) + std::string(4, '\0') +
          text);
  }

  struct Message {
    bool binary = false;
    bool closed = false;
    std::string data;
  };
  /// The next message; `closed` after a close frame or the end of the connection.
  Message receive() {
    try {
      const std::string head = read(2);
      std::size_t size = static_cast<unsigned char>(head[1]) & 0x7f;
      if (size >= 126) {
        const std::string more = read(size == 126 ? 2 : 8);
        size = 0;
        for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
      }
      const int opcode = head[0] & 0x0f;
      return {opcode == 2, opcode == 8, read(size)};
    } catch (const std::runtime_error&) {
      return {false, true, ""};
    }
  }

 private:
  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("send failed");
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::string read(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t have = 0; have < size;) {
      const ssize_t got = ::recv(fd_, out.data() + have, size - have, 0);
      if (got <= 0) throw std::runtime_error("the connection ended");
      have += static_cast<std::size_t>(got);
    }
    return out;
  }

  int fd_ = -1;
};

}  // namespace surveillx::socketio
