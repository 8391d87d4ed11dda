#pragma once

#include "http_connection.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace surveillx::net {

/// A request that waits for its answer, which may come from any thread, and after the connection,
/// the server and even the loop are gone.
class HttpConnection::Pending {
 public:
  explicit Pending(HttpConnection& connection)
      : loop_(connection.server_->loop_core),
        connection_(connection.weak_from_this()),
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
    if (answered_.exchange(true)) return;
    const std::shared_ptr<LoopCore> loop = loop_.lock();
    if (!loop) return;
    asio::post(loop->io,
               [connection = connection_, serial = serial_, act = std::move(act)]() mutable {
                 if (const auto open = connection.lock()) act(*open, serial);
               });
  }

 private:
  std::weak_ptr<LoopCore> loop_;
  std::weak_ptr<HttpConnection> connection_;
  std::uint64_t serial_;
  std::atomic<bool> answered_{false};
};

}  // namespace surveillx::net
