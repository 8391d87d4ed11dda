#include <unistd.h>

#include <climits>
#include <cstdio>
#include <string>

#include "commands/command.hpp"
#include "commands/usage_error.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/base/log_background.hpp"

namespace surveillx::app {
namespace {

constexpr void (*kCommands[])(Registrar&) = {
    add_up,    add_web,        add_media,  add_camera, add_cameras, add_people, add_identify,
    add_users, add_attendance, add_outbox, add_models, add_db,      add_config, add_doctor,
};

std::string own_path() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "surveillx";
}

}  // namespace

CLI::App* Registrar::subcommand(const std::string& name, const std::string& description,
                                CLI::App* parent) {
  CLI::App* command = (parent != nullptr ? parent : &root_)->add_subcommand(name, description);
  command->add_option("--config", common_.config_file,
                      "Configuration file (default: ./surveillx.toml, /etc/surveillx/surveillx.toml)")
      ->type_name("FILE");
  command->add_option("--data", common_.data_dir,
                      "Data directory (default: $XDG_DATA_HOME/surveillx)")
      ->type_name("DIR");
  command->add_option("--log-level", common_.log_level, "debug, info, warn, error or off")
      ->type_name("LEVEL");
  command->add_flag("--json", common_.json, "Machine-readable output");
  return command;
}

void Registrar::models_option(CLI::App* command) {
  command->add_option("--models", common_.models_dir,
                      "Folder of weights (default: $SURVEILLX_MODELS, then the data directory)")
      ->type_name("DIR");
}

void Registrar::run(CLI::App* command, Action action) {
  command->callback([this, action = std::move(action)] { chosen_ = action; });
}

int fail(const Error& error) {
  // A reader that has stopped must not keep a program that ends.
  if (!log::readable()) return kFailed;
  std::fprintf(stderr, "surveillx: %s\n", error.message.c_str());
  return kFailed;
}

int main_program(int argc, char** argv) {
  CLI::App root{"SurveillX: live surveillance and attendance by face, on a server of your own",
                "surveillx"};
  root.set_version_flag("--version", SURVEILLX_VERSION);
  root.require_subcommand(1);
  CommonOptions common;
  common.program = own_path();
  Action chosen;
  Registrar registrar(root, common, chosen);
  for (const auto add : kCommands) add(registrar);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // CLI11 uses its own numbers; --help and --version are no errors.
    if (e.get_exit_code() == 0) {
      root.exit(e);
      return kDone;
    }
    std::fprintf(stderr, "surveillx: %s\n", explain_wrong_use(root, e).c_str());
    return kWrongUse;
  }
  try {
    if (common.log_level) log::set_level(must(log::parse_level(*common.log_level)));
    return chosen ? chosen(common) : kWrongUse;
  } catch (const Failure& failure) {
    return fail(failure.error());
  } catch (const std::exception& e) {
    return fail(Error{kInternal, e.what()});
  }
}

}  // namespace surveillx::app

int main(int argc, char** argv) { return surveillx::app::main_program(argc, argv); }
