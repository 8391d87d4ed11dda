#pragma once

#include "surveillx/base/error.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace surveillx::net {

/// A TCP port kept for servers that come and go: bound with SO_REUSEADDR and never listening, so that
/// `HttpServer::listen` in this or another process may take it again and again, while nobody is given
/// it as a free port meanwhile. Any thread.
class PortReservation {
 public:
  /// `address` as in `ListenOptions`; port 0 takes a free one. Errors: `port_in_use`, `bad_address`.
  [[nodiscard]] static Result<std::unique_ptr<PortReservation>> take(const std::string& address);
  virtual ~PortReservation() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// What was asked for, with the port that was taken.
  [[nodiscard]] virtual const std::string& address() const = 0;
};

}  // namespace surveillx::net
