#include "surveillx/base/descriptors.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/base/log_background.hpp"
#include "surveillx/setup/database.hpp"
#include "surveillx/setup/keys.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/supervisor/notify.hpp"
#include "surveillx/webapp/web_app.hpp"

#include "commands/command.hpp"
#include "commands/first_admin.hpp"
#include "commands/load_config.hpp"
#include "commands/run_addresses.hpp"
#include "commands/site_zone.hpp"
#include "commands/wiring.hpp"

#include <cstdio>
#include <memory>
#include <unistd.h>
#include <utility>

namespace surveillx::app {
namespace {

/// Makes the first user where there is none, and shows the password.
void make_first_admin(store::Users& users, const std::string& given) {
  must(users.ensure_first_admin(given, [](const store::FirstAdmin& admin) -> Result<void> {
    if (!admin.generated) return {};
    // A terminal is read by a person; anything else may be a log that is kept.
    if (::isatty(STDOUT_FILENO) == 1) {
      std::printf("User      %s\nPassword  %s   (shown only this once)\n",
                  admin.user.username.c_str(), admin.password.c_str());
    } else {
      std::printf("User      %s; set a password with: surveillx users passwd %s\n",
                  admin.user.username.c_str(), admin.user.username.c_str());
    }
    return flush_stdout();
  }));
}

struct WebOptions {
  ServerOptions server;
  bool supervised = false;  ///< `up` makes the first user and tells about it.
};

int web(const CommonOptions& common, const WebOptions& web_options) {
  log::set_process("web");
  const log::Background logging;
  const StopSignal stop;  // Before any thread starts, so that none of them gets the signals.
  raise_descriptor_limit();
  auto config = load_config(common, web_options.server.overrides, web_options.server.public_);
  const auto keys = must(setup::load_or_create_keys(config));

  const std::string data_dir = config.data_dir;
  webapp::WebAppOptions options;
  options.store = must(store::Store::open(setup::database_options(config), keys));
  settle_site_zone(*options.store, config);
  options.config = std::move(config);
  options.version = SURVEILLX_VERSION;
  options.heartbeat = supervisor::notify_alive;
  options.heartbeat_every =
      supervisor::heartbeat_interval().value_or(std::chrono::milliseconds(0));
  const auto store = options.store;
  const std::string given = take_given_admin_password().value_or("");
  // Whoever has given a password may sign in at once; one of our own is shown after the start's noise.
  const bool makes_admin = !web_options.supervised;
  if (makes_admin && !given.empty()) make_first_admin(store->users, given);
  const auto app = must(webapp::WebApp::start(std::move(options)));
  if (makes_admin && given.empty()) make_first_admin(store->users, given);
  const AddressEntry entry(data_dir, "web", app->url());
  if (common.json) print_ready_line("web", app->url());
  supervisor::notify_ready("listening on " + app->url());
  stop.wait();
  log::info("web.stopping");
  return kDone;
}

}  // namespace

void add_web(Registrar& r) {
  CLI::App* command = r.subcommand("web", "The web process alone: dashboard, API and live events");
  const auto options = std::make_shared<WebOptions>();
  add_server_options(*command, options->server);
  command->add_flag("--supervised", options->supervised)->group("");  // For `up` alone.
  r.models_option(command);  // Not needed here, but `up` hands on what it was given.
  r.run(command, [options](const CommonOptions& common) { return web(common, *options); });
}

}  // namespace surveillx::app
