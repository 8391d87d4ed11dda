#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace surveillx::test_support {

/// Stands between a client and a server on 127.0.0.1 and, when told, swallows all that either says
/// while both connections stay open: a firewall that has forgotten them, a hung load balancer.
/// Connections made meanwhile are accepted and never answered.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void swallow(bool on) { swallowing_ = on; }
  /// Swallows once so many bytes more have come from the servers: in the middle of an answer.
  void swallow_after(std::int64_t bytes) { left_ = bytes; }
  /// Bytes that have been swallowed so far.
  [[nodiscard]] std::size_t swallowed() const { return swallowed_; }
  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  void run();

  std::uint16_t target_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> swallowing_{false};
  std::atomic<std::int64_t> left_{-1};
  std::atomic<std::size_t> swallowed_{0};
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace surveillx::test_support
