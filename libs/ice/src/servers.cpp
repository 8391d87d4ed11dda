#include "surveillx/ice/servers.hpp"

#include <utility>

#include "surveillx/ice/turn_credentials.hpp"

namespace surveillx::ice {

std::vector<Server> servers_for(const ServerPlan& plan, std::string_view name, UnixMillis now) {
  std::vector<Server> servers;
  if (auto stun = take_apart(plan.stun)) servers.push_back(std::move(*stun));
  for (const auto& url : plan.turn) {
    auto server = take_apart(url);
    if (!server) continue;
    if (!plan.turn_secret.empty() && !server->has_account()) {
      auto account = turn_credentials(plan.turn_secret, name, now + plan.turn_lifetime);
      server->username = std::move(account.username);
      server->credential = std::move(account.password);
    }
    servers.push_back(std::move(*server));
  }
  return servers;
}

}  // namespace surveillx::ice
