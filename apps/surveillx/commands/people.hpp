#pragma once

#include "commands/command.hpp"

namespace surveillx::app {

/// `people import`, below `people`.
void add_people_import(Registrar& r, CLI::App* people);

}  // namespace surveillx::app
