#pragma once

#include "surveillx/base/error.hpp"

#include <cstdint>
#include <string>

namespace surveillx::net {

/// An http, https, ws or wss URL taken apart.
struct Url {
  bool tls = false;
  std::string host;  ///< Without brackets, percent-decoded.
  std::uint16_t port = 0;
  std::string target;     ///< Path and query as they go on the wire; at least `/`.
  std::string authority;  ///< For the Host field: without the scheme's usual port.
};

/// `bad_url` for anything else, also for a URL with a user name.
[[nodiscard]] Result<Url> parse_url(const std::string& text);

}  // namespace surveillx::net
