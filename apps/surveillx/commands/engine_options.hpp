#pragma once

#include "surveillx/mediaserver/engine_options.hpp"

#include "commands/command.hpp"

namespace surveillx::app {

/// The engine that `media` uses with this configuration, for one photo at a time.
[[nodiscard]] inline vision::EngineOptions engine_options(const config::Config& config) {
  vision::EngineOptions options = mediaserver::engine_options(config);
  if (options.threads <= 0) options.threads = 1;
  return options;
}

/// A folder of weights that is named and not there would silently mean another engine, whose vectors
/// nobody is recognised by: a Failure that names it. $SURVEILLX_MODELS, which may be left over from
/// another program, is warned of on stderr.
void check_models_folder(const CommonOptions& common, const config::Config& config);

}  // namespace surveillx::app
