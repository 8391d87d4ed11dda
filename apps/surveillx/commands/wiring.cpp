#include "commands/wiring.hpp"

#include <pthread.h>

#include "surveillx/base/log.hpp"

namespace surveillx::app {

void add_server_options(CLI::App& command, ServerOptions& options) {
  command.add_flag("--public", options.public_,
                   "Listen on all addresses, with TLS (default: this machine only)");
  command.add_option("--set", options.overrides, "Override a configuration key")
      ->type_name("SECTION.KEY=VALUE");
}

config::Loaded load_config(const CommonOptions& common, const ServerOptions& server) {
  config::LoadOptions options;
  options.file = common.config_file;
  options.data_dir = common.data_dir;
  options.overrides = server.overrides;
  options.public_ = server.public_;
  if (common.models_dir) options.overrides.push_back("vision.models=" + *common.models_dir);
  if (common.log_level) options.overrides.push_back("log.level=" + *common.log_level);
  auto loaded = must(config::load(options));
  log::set_level(must(log::parse_level(loaded.config.log.level)));
  return loaded;
}

StopSignal::StopSignal() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int StopSignal::wait() const {
  int signal = 0;
  sigwait(&set_, &signal);
  return signal;
}

}  // namespace surveillx::app
