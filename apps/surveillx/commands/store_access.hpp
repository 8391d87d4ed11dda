#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/setup/database.hpp"
#include "surveillx/setup/keys.hpp"
#include "surveillx/store/store.hpp"

#include "commands/command.hpp"
#include "commands/load_config.hpp"
#include "commands/site_zone.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace surveillx::app {

[[nodiscard]] inline store::DatabaseOptions database_options(const config::Config& config,
                                                             store::SchemaPolicy schema) {
  auto options = setup::database_options(config, schema);
  // A person waits: longer than a server's worker may, and knows for what.
  options.busy_timeout = std::chrono::seconds(30);
  options.statement_limit = std::chrono::seconds(60);
  options.on_wait = [](const std::string& database, const std::string& holder) {
    std::fprintf(stderr, "surveillx: waiting for the database %s, which is held by %s ...\n",
                 database.c_str(), holder.c_str());
  };
  return options;
}

/// What a command that reads or changes stored data works with.
struct StoreAccess {
  config::Config config;
  std::shared_ptr<store::Store> store;
  attendance::TimeZone zone;  ///< In which the site's days are counted.
  /// Set when somebody has configured another zone since, which has not taken effect yet.
  std::optional<Error> zone_changed;
};

/// Loads the configuration and the keys and opens the database, or throws a Failure. An empty
/// database is set up, so that people and cameras can be added before the first `surveillx up`; an
/// older one is refused.
[[nodiscard]] inline StoreAccess open_store(const CommonOptions& common) {
  auto config = load_config(common);
  const auto keys = must(setup::load_or_create_keys(config));
  auto store =
      must(store::Store::open(database_options(config, store::SchemaPolicy::create), keys));
  const auto configured = must(attendance::TimeZone::find(config.attendance.timezone));
  auto state = must(store->site_zone.look(configured, zone_is_explicit(config)));
  return {std::move(config), std::move(store), std::move(state.zone), std::move(state.changed)};
}

}  // namespace surveillx::app
