#include "surveillx/setup/keys.hpp"

namespace surveillx::setup {

Result<crypto::KeyRing> load_keys(const config::Config& config) {
  return crypto::KeyRing::load(config.security.key_file);
}

Result<crypto::KeyRing> load_or_create_keys(const config::Config& config) {
  return crypto::KeyRing::load_or_create(config.security.key_file);
}

}  // namespace surveillx::setup
