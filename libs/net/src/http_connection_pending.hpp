#pragma once

#include "http_connection.hpp"
#include "once_on_loop.hpp"

#include <cstdint>
#include <utility>

namespace surveillx::net {

/// A request that waits for its answer, which may come from any thread, and after the connection,
/// the server and even the loop are gone.
class HttpConnection::Pending final : public OnceOnLoop<HttpConnection> {
 public:
  explicit Pending(HttpConnection& connection)
      : OnceOnLoop(connection.server_->loop_core, connection.weak_from_this()),
        serial_(connection.serial_) {}
  ~Pending() {
    answer(HttpResponse::problem(500, "internal_error", "The request was not answered."));
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  void answer(HttpResponse response) {
    run([response = std::move(response)](HttpConnection& connection, std::uint64_t serial) mutable {
      connection.respond(serial, std::move(response));
    });
  }

  /// Runs `act` on the loop unless the request has been answered.
  template <class Act>
  void run(Act act) {
    say([serial = serial_, act = std::move(act)](HttpConnection& connection) mutable {
      act(connection, serial);
    });
  }

 private:
  std::uint64_t serial_;
};

}  // namespace surveillx::net
