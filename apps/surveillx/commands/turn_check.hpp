#pragma once

#include <string>

#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"

namespace surveillx::app {

/// Asks every STUN and TURN server of the configuration for an answer (a Binding request, RFC 8489,
/// which TURN servers answer too); `turns:` only for a connection. A sentence, or `unavailable` with
/// the first that does not answer and the fix. Blocks for seconds at most a server.
[[nodiscard]] Result<std::string> check_turn_servers(const config::Ice& ice);

}  // namespace surveillx::app
