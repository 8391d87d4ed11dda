#pragma once

#include "surveillx/config/config.hpp"

#include "commands/command.hpp"

namespace surveillx::app {

/// A folder of weights that is named and not there would silently mean another engine, whose vectors
/// nobody is recognised by: a Failure that names it. $SURVEILLX_MODELS, which may be left over from
/// another program, is warned of on stderr.
void check_models_folder(const CommonOptions& common, const config::Config& config);

}  // namespace surveillx::app
