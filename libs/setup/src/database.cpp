#include "surveillx/setup/database.hpp"

#include <algorithm>
#include <cstddef>

namespace surveillx::setup {

store::DatabaseOptions database_options(const config::Config& config, store::SchemaPolicy schema) {
  store::DatabaseOptions options;
  options.url = config.database.url;
  options.data_dir = config.data_dir;
  options.connections = static_cast<std::size_t>(std::max(1, config.database.connections));
  options.schema = schema;
  return options;
}

}  // namespace surveillx::setup
