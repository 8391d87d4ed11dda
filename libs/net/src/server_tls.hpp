#pragma once

#include "surveillx/net/certificate.hpp"
#include "surveillx/net/event_loop.hpp"

#include <boost/asio/ssl/context.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace surveillx::net {

/// A server's certificate and key, followed while it runs: files that changed are loaded anew and
/// used for new connections, our own certificate is renewed before it ends, and one that nobody renews
/// is warned of. On the loop; the two small files are read there, and looked at only when their
/// times changed.
class ServerTls : public std::enable_shared_from_this<ServerTls> {
 public:
  /// `bad_certificate` names the file. Any thread.
  [[nodiscard]] static Result<std::shared_ptr<ServerTls>> open(EventLoop& loop, TlsFiles files,
                                                               std::chrono::milliseconds interval);
  ServerTls(EventLoop& loop, TlsFiles files, std::chrono::milliseconds interval);

  void start();
  void stop() { timer_.cancel(); }
  /// For the next handshake.
  [[nodiscard]] const std::shared_ptr<boost::asio::ssl::context>& context() const {
    return context_;
  }

  /// These from any thread.
  [[nodiscard]] std::uint64_t reloads() const { return reloads_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::chrono::system_clock::time_point expires() const {
    return std::chrono::system_clock::time_point(std::chrono::system_clock::duration(expires_));
  }

 private:
  /// Tells one content of the two files from another.
  [[nodiscard]] std::string state_of_files() const;
  Result<void> load();
  void poll();
  void care();

  TlsFiles files_;
  std::chrono::milliseconds interval_;
  Timer timer_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::string loaded_state_;
  std::string refused_state_;
  std::chrono::steady_clock::time_point next_care_{};
  std::chrono::steady_clock::time_point next_warning_{};
  std::atomic<std::uint64_t> reloads_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::chrono::system_clock::rep> expires_{0};
};

}  // namespace surveillx::net
