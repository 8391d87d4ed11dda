#include "commands/command.hpp"
#include "commands/load_config.hpp"
#include "commands/models_folder.hpp"
#include "commands/run_addresses.hpp"
#include "commands/site_zone.hpp"
#include "commands/store_access.hpp"
#include "commands/wiring.hpp"
#include "surveillx/base/descriptors.hpp"
#include "surveillx/base/heap.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/base/log_background.hpp"
#include "surveillx/mediaserver/media_server.hpp"
#include "surveillx/supervisor/notify.hpp"

namespace surveillx::app {

void add_media(Registrar& r) {
  CLI::App* command = r.subcommand(
      "media", "The media process alone: signalling, WebRTC, recognition, attendance");
  const auto server_options = std::make_shared<ServerOptions>();
  add_server_options(*command, *server_options);
  r.models_option(command);
  r.run(command, [server_options](const CommonOptions& common) {
    log::set_process("media");
    limit_heap_arenas();
    const log::Background logging;
    const StopSignal stop;  // Before any thread starts, so that none of them gets the signals.
    raise_descriptor_limit();
    auto config = load_config(common, server_options->overrides, server_options->public_);
    check_models_folder(common, config);
    {
      const auto keys = must(setup::load_or_create_keys(config));
      const auto store = must(store::Store::open(
          database_options(config, store::SchemaPolicy::require_current), keys));
      settle_site_zone(*store, config);
    }
    auto server = must(mediaserver::MediaServer::start(
        {config, SURVEILLX_VERSION, supervisor::notify_alive,
         supervisor::heartbeat_interval().value_or(std::chrono::milliseconds(0))}));
    const AddressEntry entry(config.data_dir, "signaling", server->signaling_url());
    if (common.json) print_ready_line("signaling", server->signaling_url());
    supervisor::notify_ready("listening on " + server->signaling_url());
    stop.wait();
    return kDone;
  });
}

}  // namespace surveillx::app
