#include "surveillx/test_support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace surveillx::test_support {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

struct Pair {
  int client = -1;
  int server = -1;
};

void close_both(const Pair& pair) {
  if (pair.client >= 0) ::close(pair.client);
  if (pair.server >= 0) ::close(pair.server);
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target) : target_(target) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void TcpProxy::run() {
  std::vector<Pair> pairs;
  std::array<char, 65536> buffer{};
  while (!stopping_) {
    std::vector<pollfd> watched{{listener_, POLLIN, 0}};
    for (const Pair& pair : pairs) {
      watched.push_back({pair.client, POLLIN, 0});
      watched.push_back({pair.server, POLLIN, 0});
    }
    if (::poll(watched.data(), watched.size(), 20) <= 0) continue;
    std::vector<Pair> open;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      bool closed = false;
      for (const bool from_server : {false, true}) {
        const int from = from_server ? pairs[i].server : pairs[i].client;
        const int to = from_server ? pairs[i].client : pairs[i].server;
        if (from < 0 || (watched[1 + 2 * i + (from_server ? 1 : 0)].revents & ~POLLNVAL) == 0) {
          continue;
        }
        ssize_t got = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got <= 0) {
          // While it swallows, the other side does not hear of the end either.
          if (swallowing_) {
            ::close(from);
            (from_server ? pairs[i].server : pairs[i].client) = -1;
          } else {
            closed = true;
          }
          continue;
        }
        if (from_server && left_ >= 0) {
          const std::int64_t pass = std::min<std::int64_t>(got, left_);
          left_ -= pass;
          if (left_ <= 0) {
            if (pass > 0) ::send(to, buffer.data(), static_cast<std::size_t>(pass), MSG_NOSIGNAL);
            left_ = -1;
            swallowing_ = true;
            swallowed_ += static_cast<std::size_t>(got - pass);
            continue;
          }
        }
        if (swallowing_ || to < 0) {
          swallowed_ += static_cast<std::size_t>(got);
          continue;
        }
        ::send(to, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      }
      if (closed) {
        close_both(pairs[i]);
      } else {
        open.push_back(pairs[i]);
      }
    }
    pairs = std::move(open);
    if ((watched[0].revents & POLLIN) != 0) {
      Pair pair{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), -1};
      if (pair.client < 0) continue;
      ++connections_;
      if (!swallowing_) {
        pair.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(target_);
        if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
          ::close(pair.client);
          ::close(pair.server);
          continue;
        }
      }
      pairs.push_back(pair);
    }
  }
  for (const Pair& pair : pairs) close_both(pair);
}

}  // namespace surveillx::test_support
