#include "surveillx/setup/engine.hpp"

namespace surveillx::setup {

vision::EngineOptions engine_options(const config::Config& config) {
  vision::EngineOptions options;
  switch (config.vision.engine) {
    case config::Engine::auto_: options.name = "auto"; break;
    case config::Engine::yunet_dlib: options.name = "yunet+dlib"; break;
    case config::Engine::yunet_onnx: options.name = "yunet+onnx"; break;
    case config::Engine::builtin: options.name = "builtin"; break;
  }
  options.threads = config.vision.threads;
  options.threshold = config.vision.threshold;
  options.margin = config.vision.margin;
  options.min_face_px = config.vision.min_face_px;
  options.model_folders = vision::model_folders(config.vision.models, config.data_dir);
  return options;
}

vision::EngineOptions command_engine_options(const config::Config& config) {
  vision::EngineOptions options = engine_options(config);
  if (options.threads <= 0) options.threads = 1;
  return options;
}

}  // namespace surveillx::setup
