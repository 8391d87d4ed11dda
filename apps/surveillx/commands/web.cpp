#include "surveillx/base/log.hpp"
#include "surveillx/crypto/key_ring.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/supervisor/notify.hpp"
#include "surveillx/webapp/web_app.hpp"

#include "commands/command.hpp"
#include "commands/load_config.hpp"
#include "commands/site_zone.hpp"
#include "commands/wiring.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <unistd.h>
#include <utility>

namespace surveillx::app {
namespace {

/// Under `up` there is an administrator already; this is for web started alone.
void tell_first_admin(const std::optional<store::FirstAdmin>& admin) {
  if (!admin || !admin->generated) return;
  // A terminal is read by a person; anything else may be a log that is kept.
  if (::isatty(STDOUT_FILENO) == 1) {
    std::printf("User      %s\nPassword  %s   (shown only this once)\n",
                admin->user.username.c_str(), admin->password.c_str());
  } else {
    std::printf("User      %s; set a password with: surveillx users passwd %s\n",
                admin->user.username.c_str(), admin->user.username.c_str());
  }
  std::fflush(stdout);
}

int web(const CommonOptions& common, const ServerOptions& server) {
  log::set_process("web");
  const StopSignal stop;  // Before any thread starts, so that none of them gets the signals.
  auto loaded = load_config(common, server.overrides, server.public_);
  const auto keys = must(crypto::KeyRing::load_or_create(loaded.config.security.key_file));
  store::DatabaseOptions database;
  database.url = loaded.config.database.url;
  database.data_dir = loaded.config.data_dir;
  database.connections = static_cast<std::size_t>(loaded.config.database.connections);

  webapp::WebAppOptions options;
  options.store = must(store::Store::open(database, keys));
  settle_site_zone(*options.store, loaded);
  options.config = std::move(loaded.config);
  options.version = SURVEILLX_VERSION;
  if (const char* password = std::getenv("SURVEILLX_ADMIN_PASSWORD")) {
    options.admin_password = password;
  }
  const auto app = must(webapp::WebApp::start(std::move(options)));
  tell_first_admin(app->first_admin());
  supervisor::notify_ready("listening on " + app->url());
  stop.wait();
  log::info("web.stopping");
  return kDone;
}

}  // namespace

void add_web(Registrar& r) {
  CLI::App* command = r.subcommand("web", "The web process alone: dashboard, API and live events");
  const auto server = std::make_shared<ServerOptions>();
  add_server_options(*command, *server);
  r.models_option(command);  // Not needed here, but `up` hands on what it was given.
  r.run(command, [server](const CommonOptions& common) { return web(common, *server); });
}

}  // namespace surveillx::app
