#pragma once

#include "surveillx/config/config.hpp"
#include "surveillx/vision/engine.hpp"

namespace surveillx::setup {

/// The engine that a configuration names. Media and the command line both ask here, since who enrols
/// with one engine is not recognised by another.
[[nodiscard]] vision::EngineOptions engine_options(const config::Config& config);

/// The same for a command: where the machine would choose how many may ask at once, one.
[[nodiscard]] vision::EngineOptions command_engine_options(const config::Config& config);

}  // namespace surveillx::setup
