#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "surveillx/base/clock.hpp"
#include "surveillx/ice/server.hpp"

namespace surveillx::ice {

/// Which servers an installation uses: URLs as `take_apart` reads them.
struct ServerPlan {
  std::string stun;               ///< Empty: none.
  std::vector<std::string> turn;  ///< With an account or without.
  std::string turn_secret;        ///< See `turn_credentials`; empty: accounts are what URLs say.
  std::chrono::milliseconds turn_lifetime{};
};

/// The plan's servers, STUN first. With a secret each TURN server without an account gets one for
/// `name` that ends `turn_lifetime` from `now`. What is no server's URL is left out.
[[nodiscard]] std::vector<Server> servers_for(const ServerPlan& plan, std::string_view name,
                                              UnixMillis now);

}  // namespace surveillx::ice
