#pragma once

#include "surveillx/base/error.hpp"

#include "asio.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace surveillx::net {

/// Binds `acceptor` at `HOST:PORT`, `[::1]:PORT` or `:PORT` and, if asked to, listens. `::` takes
/// IPv4 as well. Errors: `port_in_use`, `bad_address`.
[[nodiscard]] Result<void> bind_acceptor(tcp::acceptor& acceptor, const std::string& address,
                                         bool listen);

}  // namespace surveillx::net
