#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "surveillx/base/error.hpp"

namespace surveillx::app {

/// Options that every command has. Filled when the command line has been parsed.
struct CommonOptions {
  std::string program;                  ///< Path of this binary, for starting children.
  std::optional<std::string> config_file;
  std::optional<std::string> data_dir;
  std::optional<std::string> log_level;
  std::optional<std::string> models_dir;
  bool json = false;
};

/// Exit codes: 0 done, 1 it failed (one line on stderr), 2 wrong use.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUse = 2;

/// What the chosen command does, run after parsing; returns an exit code. A thrown `Failure` is
/// printed as one line on stderr and ends with 1.
using Action = std::function<int(const CommonOptions&)>;

/// Where a command's file adds itself: creates its subcommands with `subcommand` and names their
/// actions with `run`.
class Registrar {
 public:
  Registrar(CLI::App& root, CommonOptions& common, Action& chosen)
      : root_(root), common_(common), chosen_(chosen) {}

  /// A command or, with `parent`, a subcommand, with --config, --data, --log-level (and --json).
  CLI::App* subcommand(const std::string& name, const std::string& description,
                       CLI::App* parent = nullptr);
  /// `--models DIR` (CommonOptions::models_dir), for commands that recognise faces.
  void models_option(CLI::App* command);
  /// The action of a leaf command. Options bound by reference must outlive parsing: keep them in a
  /// shared_ptr that the action captures.
  void run(CLI::App* command, Action action);

 private:
  CLI::App& root_;
  CommonOptions& common_;
  Action& chosen_;
};

// One function a file of commands/.
void add_up(Registrar& r);
void add_web(Registrar& r);
void add_media(Registrar& r);
void add_camera(Registrar& r);
void add_cameras(Registrar& r);
void add_people(Registrar& r);
void add_identify(Registrar& r);
void add_users(Registrar& r);
void add_attendance(Registrar& r);
void add_outbox(Registrar& r);
void add_models(Registrar& r);
void add_db(Registrar& r);
void add_config(Registrar& r);
void add_doctor(Registrar& r);

/// The error's message on one line of stderr, `surveillx: <message>`; returns kFailed.
int fail(const Error& error);
/// Unwraps a result or throws its Failure, for commands' straight-line code.
template <class T>
T must(Result<T> result) {
  if (!result) throw Failure(result.error());
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) throw Failure(result.error());
}

}  // namespace surveillx::app
