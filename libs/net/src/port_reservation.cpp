#include "surveillx/net/port_reservation.hpp"

#include "listening.hpp"

#include <fcntl.h>

namespace surveillx::net {
namespace {

class Reservation final : public PortReservation {
 public:
  Result<void> open(const std::string& address) {
    if (auto bound = bind_acceptor(acceptor_, address, false); !bound) return bound;
    // Children shall bind it themselves, not inherit it.
    ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    port_ = acceptor_.local_endpoint().port();
    address_ = address.substr(0, address.rfind(':') + 1) + std::to_string(port_);
    return {};
  }
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] const std::string& address() const override { return address_; }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_{io_};
  std::uint16_t port_ = 0;
  std::string address_;
};

}  // namespace

Result<std::unique_ptr<PortReservation>> PortReservation::take(const std::string& address) {
  auto reservation = std::make_unique<Reservation>();
  if (auto opened = reservation->open(address); !opened) return opened.error();
  return std::unique_ptr<PortReservation>(std::move(reservation));
}

}  // namespace surveillx::net
