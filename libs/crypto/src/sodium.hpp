#pragma once

#include "surveillx/base/error.hpp"

#include <sodium.h>

namespace surveillx::crypto {

/// Call before any use of libsodium; thread-safe and free after the first time. Throws Failure on a
/// machine without a source of randomness.
inline void require_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) throw Failure(Error{kInternal, "libsodium cannot start: no source of randomness"});
}

}  // namespace surveillx::crypto
