#pragma once

#include "surveillx/mediaserver/engine_options.hpp"

namespace surveillx::app {

/// The engine that `media` uses with this configuration, for one photo at a time.
[[nodiscard]] inline vision::EngineOptions engine_options(const config::Config& config) {
  vision::EngineOptions options = mediaserver::engine_options(config);
  if (options.threads <= 0) options.threads = 1;
  return options;
}

}  // namespace surveillx::app
