#include "commands/models_folder.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace surveillx::app {

void check_models_folder(const CommonOptions& common, const config::Config& config) {
  const std::string& folder = config.vision.models;
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return;
  const char* variable = std::getenv("SURVEILLX_MODELS");
  if (!common.models_dir && variable != nullptr && folder == variable) {
    std::fprintf(stderr,
                 "surveillx: $SURVEILLX_MODELS names %s, which is no folder; weights are looked for "
                 "elsewhere\n",
                 folder.c_str());
    return;
  }
  throw Failure(Error{kNotFound, (common.models_dir ? "--models" : "vision.models") +
                                     (" names " + folder) +
                                     ", which is no folder; name the folder with the weights, or "
                                     "leave it out"});
}

}  // namespace surveillx::app
