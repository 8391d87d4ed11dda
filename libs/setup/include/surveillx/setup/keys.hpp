#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/crypto/key_ring.hpp"

namespace surveillx::setup {

/// The installation's keys, for who only looks: a missing file stays missing (`key_file_missing`).
[[nodiscard]] Result<crypto::KeyRing> load_keys(const config::Config& config);
/// The same for who may be the first; errors as `KeyRing::load_or_create`.
[[nodiscard]] Result<crypto::KeyRing> load_or_create_keys(const config::Config& config);

}  // namespace surveillx::setup
