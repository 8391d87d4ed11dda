#pragma once

#include "surveillx/config/config.hpp"
#include "surveillx/store/database.hpp"

namespace surveillx::setup {

/// The configured database as a server opens it: with the waits of one, and unless told otherwise only
/// with a current schema.
[[nodiscard]] store::DatabaseOptions database_options(
    const config::Config& config,
    store::SchemaPolicy schema = store::SchemaPolicy::require_current);

}  // namespace surveillx::setup
