#include "surveillx/base/log.hpp"

#include "sender.hpp"

namespace surveillx::camera {

std::vector<ice::Server> servers_of(const std::vector<signaling::IceServer>& welcome) {
  std::vector<ice::Server> servers;
  for (const signaling::IceServer& one : welcome) {
    for (const std::string& url : one.urls) {
      auto server = ice::take_apart(url);
      if (!server) {
        log::warn("camera.turn_server_refused");
        continue;
      }
      if (server->is_turn() && !one.username.empty()) {
        server->username = one.username;
        server->credential = one.credential;
      }
      servers.push_back(std::move(*server));
    }
  }
  return servers;
}

}  // namespace surveillx::camera
