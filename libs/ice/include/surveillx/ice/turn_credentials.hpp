#pragma once

#include <string>
#include <string_view>

#include "surveillx/base/clock.hpp"

namespace surveillx::ice {

/// An account that a TURN server believes because it shares a secret with us (coturn's
/// `use-auth-secret`; draft-uberti-behave-turn-rest-00).
struct TurnCredentials {
  std::string username;  ///< `<unix seconds of the end>:<name>`
  std::string password;  ///< base64 of HMAC-SHA1(secret, username); a secret.
};
/// `name` says for whom, in the server's log. Thread-safe.
[[nodiscard]] TurnCredentials turn_credentials(std::string_view secret, std::string_view name,
                                               UnixMillis expires);

}  // namespace surveillx::ice
