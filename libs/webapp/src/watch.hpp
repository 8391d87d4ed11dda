#pragma once

#include "surveillx/socketio/event.hpp"

#include <optional>
#include <string>
#include <vector>

namespace surveillx::webapp {

/// A viewer's wish (contracts/socketio.md, `watch`).
struct WatchPayload {
  std::optional<std::vector<std::string>> cameras;  ///< Nothing: all.
  double max_fps = 15;                              ///< 1 to 60.
  int max_width = 640;                              ///< 320, 640 or 1280.
};

/// Nothing when the event's one argument is not what the contract says.
[[nodiscard]] std::optional<WatchPayload> parse_watch(const socketio::Arguments& arguments);

}  // namespace surveillx::webapp
