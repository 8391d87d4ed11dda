#include "commands/wiring.hpp"

#include "surveillx/supervisor/signals.hpp"

namespace surveillx::app {

void add_server_options(CLI::App& command, ServerOptions& options) {
  command.add_flag("--public", options.public_,
                   "Listen on all addresses, with TLS (default: this machine only)");
  command.add_option("--set", options.overrides, "Override a configuration key (secrets: in the file or the environment)")
      ->type_name("SECTION.KEY=VALUE");
}

std::vector<std::string> server_arguments(const CommonOptions& common,
                                          const ServerOptions& server) {
  std::vector<std::string> arguments;
  const auto add = [&](const char* flag, const std::optional<std::string>& value) {
    if (value) arguments.insert(arguments.end(), {flag, *value});
  };
  add("--config", common.config_file);
  add("--data", common.data_dir);
  add("--log-level", common.log_level);
  add("--models", common.models_dir);
  if (server.public_) arguments.emplace_back("--public");
  for (const std::string& override : server.overrides) {
    arguments.insert(arguments.end(), {"--set", override});
  }
  return arguments;
}

StopSignal::StopSignal() : set_(supervisor::take_signals_here({SIGINT, SIGTERM})) {}

int StopSignal::wait() const {
  int signal = 0;
  sigwait(&set_, &signal);
  return signal;
}

}  // namespace surveillx::app
