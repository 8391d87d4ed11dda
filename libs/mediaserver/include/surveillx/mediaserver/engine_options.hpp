#pragma once

#include "surveillx/config/config.hpp"
#include "surveillx/vision/engine.hpp"

namespace surveillx::mediaserver {

/// The engine that a configuration names. Media and the command line both ask here, since who enrols
/// with one engine is not recognised by another.
[[nodiscard]] vision::EngineOptions engine_options(const config::Config& config);

}  // namespace surveillx::mediaserver
