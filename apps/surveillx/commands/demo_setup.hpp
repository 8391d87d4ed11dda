#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "surveillx/config/config.hpp"
#include "surveillx/store/store.hpp"

namespace surveillx::app {

/// What `up --demo` prepares: the drawn people enrolled with the engine that media will use, and a
/// camera for the drawn scene.
struct DemoSetup {
  std::string camera_name;
  std::string camera_token;  ///< New at every start; only its hash is kept.
  std::size_t people = 0;
};

/// Enrols the people of libs/demo that are not there yet (they are recognised by their external id,
/// `demo-1` and so on), under `names` when given, and tells on stderr how far it is. Repeatable.
/// Nothing when `stop_requested` says so on the way. Throws a Failure.
[[nodiscard]] std::optional<DemoSetup> prepare_demo(store::Store& store,
                                                    const config::Config& config,
                                                    const std::vector<std::string>& names,
                                                    const std::function<bool()>& stop_requested);

}  // namespace surveillx::app
