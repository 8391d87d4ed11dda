#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "commands/command.hpp"

namespace surveillx::app {

/// Options of commands that run servers.
struct ServerOptions {
  bool public_ = false;
  std::vector<std::string> overrides;  ///< `--set section.key=value`
};
void add_server_options(CLI::App& command, ServerOptions& options);
/// The same options again, as arguments for a child process of the same configuration.
[[nodiscard]] std::vector<std::string> server_arguments(const CommonOptions& common,
                                                        const ServerOptions& server);

/// Blocks SIGINT and SIGTERM for this thread and those it starts, to be waited for.
class StopSignal {
 public:
  StopSignal();
  /// Returns the signal that came.
  int wait() const;

 private:
  sigset_t set_{};
};

}  // namespace surveillx::app
