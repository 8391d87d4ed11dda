#pragma once

#include "surveillx/base/log.hpp"
#include "surveillx/config/load.hpp"

#include "commands/command.hpp"

#include <string>
#include <utility>
#include <vector>

namespace surveillx::app {

/// The options every command has, as the loader wants them. `flags` are `section.key=value`.
[[nodiscard]] inline config::LoadOptions load_options(const CommonOptions& common,
                                                      std::vector<std::string> flags = {}) {
  config::LoadOptions options;
  options.file = common.config_file;
  options.data_dir = common.data_dir;
  if (common.log_level) flags.push_back("log.level=" + *common.log_level);
  if (common.models_dir) flags.push_back("vision.models=" + *common.models_dir);
  options.overrides = std::move(flags);
  return options;
}

/// Loads the configuration, makes the data directory and sets the log level, or throws a Failure.
[[nodiscard]] inline config::Config load_config(const CommonOptions& common,
                                                std::vector<std::string> flags = {},
                                                bool is_public = false) {
  auto options = load_options(common, std::move(flags));
  options.public_ = is_public;
  auto config = must(config::load(options));
  log::set_level(must(log::parse_level(config.log.level)));
  return config;
}

}  // namespace surveillx::app
