#pragma once

#include "surveillx/config/config.hpp"
#include "surveillx/store/store.hpp"

#include "commands/command.hpp"

namespace surveillx::app {

/// `surveillx db repair-clock`.
void add_repair_clock(Registrar& r, CLI::App* db);

/// For `doctor`: nothing when the clock agrees with the database server's and no sightings are in
/// doubt, else what is wrong and the command that mends it.
[[nodiscard]] Result<void> check_clock(store::Store& store);

}  // namespace surveillx::app
