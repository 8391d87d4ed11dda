#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "commands/command.hpp"
#include "commands/demo_setup.hpp"
#include "commands/first_admin.hpp"
#include "commands/load_config.hpp"
#include "commands/models_folder.hpp"
#include "commands/run_addresses.hpp"
#include "commands/site_zone.hpp"
#include "commands/store_access.hpp"
#include "commands/up_banner.hpp"
#include "commands/wiring.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/base/log_background.hpp"
#include "surveillx/net/port_reservation.hpp"
#include "surveillx/setup/keys.hpp"
#include "surveillx/setup/tls.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/supervisor/supervisor.hpp"

namespace surveillx::app {
namespace {

constexpr std::chrono::milliseconds kGrace{4'000};
/// A server whose loop has not turned for so long serves nobody any more.
constexpr std::chrono::milliseconds kHeartbeat{10'000};

struct UpOptions {
  ServerOptions server;
  bool demo = false;
  std::vector<std::string> demo_names;
};

/// Held as long as `up` runs: two of them would fight over ports and the outbox.
class DataDirLock {
 public:
  explicit DataDirLock(const std::string& data_dir) {
    const std::string file = data_dir + "/up.lock";
    fd_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) throw Failure(Error{kIo, "cannot write " + file + ": is the folder yours?"});
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      close(fd_);
      throw Failure(Error{kAlreadyExists, "SurveillX is already running with the data directory " +
                                              data_dir + "; stop it, or give another --data"});
    }
  }
  ~DataDirLock() { close(fd_); }
  DataDirLock(const DataDirLock&) = delete;
  DataDirLock& operator=(const DataDirLock&) = delete;

 private:
  int fd_ = -1;
};

/// Fails early, with the key's name, instead of with a child that dies again and again; keeps the
/// port over restarts of the child that listens there, also one that port 0 has chosen.
std::unique_ptr<net::PortReservation> reserve(const std::string& address, const std::string& key) {
  auto reservation = net::PortReservation::take(address);
  if (reservation) return std::move(*reservation);
  Error error = reservation.error();
  error.message += " (" + key + "): stop the other program, or set another " + key;
  throw Failure(std::move(error));
}

/// The addresses as they are, in the options that every child gets: media must find web.
struct Ports {
  std::unique_ptr<net::PortReservation> web;
  std::unique_ptr<net::PortReservation> signaling;

  Ports(const config::Config& config, ServerOptions& server)
      : web(reserve(config.web.listen, "web.listen")),
        signaling(reserve(config.signaling.listen, "signaling.listen")) {
    if (config.web.listen != web->address()) {
      server.overrides.push_back("web.listen=" + web->address());
    }
    if (config.signaling.listen != signaling->address()) {
      server.overrides.push_back("signaling.listen=" + signaling->address());
    }
  }
};

supervisor::ChildSpec server_child(const CommonOptions& common, const ServerOptions& server,
                                   const std::string& name) {
  supervisor::ChildSpec child;
  child.name = name;
  child.argv = {common.program, name};
  child.heartbeat = kHeartbeat;
  if (name == "web") child.argv.emplace_back("--supervised");
  const auto arguments = server_arguments(common, server);
  child.argv.insert(child.argv.end(), arguments.begin(), arguments.end());
  return child;
}

supervisor::ChildSpec demo_camera_child(const CommonOptions& common, const config::Config& config,
                                        const DemoSetup& demo) {
  supervisor::ChildSpec child;
  child.name = "demo-camera";
  child.argv = {common.program, "camera",  "--server", config.signaling_url(),
                "--source",     "demo",    "--data",   config.data_dir};
  // The file and not its pin, which a renewal with another key would make wrong.
  if (const auto tls = config.signaling_tls()) {
    child.argv.insert(child.argv.end(), {"--pin-file", tls->certificate});
  }
  if (common.log_level) child.argv.insert(child.argv.end(), {"--log-level", *common.log_level});
  // In the environment, because arguments are visible to every user of the machine.
  child.environment = {{"SURVEILLX_CAMERA_TOKEN", demo.camera_token}};
  child.final_exit_codes = {kFailed, kWrongUse};
  return child;
}

int up(const CommonOptions& common, UpOptions options) {
  log::set_process("up");
  const log::Background logging;
  std::unique_ptr<UpBanner> banner;
  supervisor::SupervisorEvents events;
  events.on_ready = [&banner](const std::string& child, const std::string& status) {
    banner->ready(child, status);
  };
  events.on_exit = [&banner](const std::string& child, const std::string& reason,
                             bool restarting) {
    if (restarting) banner->ended(child, reason);  // Else everything ends; it is no failure.
  };
  const auto supervisor = must(supervisor::Supervisor::create(std::move(events)));

  const auto load = [&] {
    return load_config(common, options.server.overrides, options.server.public_);
  };
  auto config = load();
  check_models_folder(common, config);
  const DataDirLock lock(config.data_dir);
  const Ports ports(config, options.server);
  config = load();  // With the ports as they are.

  UpBanner::Facts facts;
  facts.demo = options.demo;
  facts.json = common.json;
  facts.pin = must(setup::prepare_tls(config.signaling_tls()));
  (void)must(setup::prepare_tls(config.web_tls()));
  {
    const auto keys = must(setup::load_or_create_keys(config));
    const auto store =
        must(store::Store::open(database_options(config, store::SchemaPolicy::migrate), keys));
    settle_or_derive_site_zone(*store, config);
    const auto given = take_given_admin_password();
    unsetenv("SURVEILLX_CAMERA_TOKEN");  // No child's business either.
    if (given) facts.given_admin = must(store->users.ensure_first_admin(*given));
    if (must(store->users.needs_first_admin())) facts.store = store;
    // A child that is started again reads the configuration anew: what was settled now holds as
    // long as `up` runs.
    ServerOptions settled = options.server;
    settled.overrides.push_back("attendance.timezone=" + config.attendance.timezone);
    supervisor->add(server_child(common, settled, "web"));
    supervisor->add(server_child(common, settled, "media"));
    if (options.demo) {
      const auto demo = prepare_demo(*store, config, options.demo_names,
                                     [&] { return supervisor->stop_requested(); });
      if (!demo) return kDone;  // Ctrl-C; the next start enrols who is missing.
      supervisor->add(demo_camera_child(common, config, *demo));
    }
  }
  banner = std::make_unique<UpBanner>(std::move(facts));
  clear_running_servers(config.data_dir);  // Of a start that was killed.
  must(supervisor->run(kGrace));
  clear_running_servers(config.data_dir);
  return kDone;
}

}  // namespace

void add_up(Registrar& r) {
  CLI::App* command =
      r.subcommand("up", "Start everything on this machine: web, media and, with --demo, a camera");
  const auto options = std::make_shared<UpOptions>();
  add_server_options(*command, options->server);
  r.models_option(command);
  command->add_flag("--demo", options->demo,
                    "Enrol drawn people and start a camera that shows them");
  command->add_option("--demo-names", options->demo_names, "Names for the drawn people")
      ->delimiter(',')
      ->type_name("NAME,...");
  r.run(command, [options](const CommonOptions& common) { return up(common, *options); });
}

}  // namespace surveillx::app
