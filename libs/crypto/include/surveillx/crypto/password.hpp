#pragma once

#include "surveillx/base/error.hpp"

#include <string>
#include <string_view>

/// Password hashes: Argon2id (RFC 9106) in its text form `$argon2id$...`. A call takes 50-700 ms of
/// a core and 64-256 MB (some times that for a password beyond ASCII), so callers bound how many run
/// at once. A password is one whatever the spelling of its letters (RFC 8265, OpaqueString); hashes of
/// passwords as they were typed still fit. Thread-safe.
namespace surveillx::crypto {

/// Shorter than 8 or longer than 1024 bytes.
inline constexpr ErrorName kWeakPassword{"weak_password"};

enum class PasswordCost {
  interactive,  ///< 2 passes over 64 MiB: the default for sign-in.
  moderate,     ///< 3 passes over 256 MiB.
  minimal,      ///< For tests only: 1 pass over 8 KiB.
};

/// Errors: `weak_password`; `unavailable` when there is not enough memory.
[[nodiscard]] Result<std::string> hash_password(std::string_view password,
                                                PasswordCost cost = PasswordCost::interactive);
/// False for a wrong password and for a hash that is not one.
[[nodiscard]] bool verify_password(std::string_view hash, std::string_view password);
/// Spends as long as `verify_password` on an interactive hash and throws the answer away, so that
/// an unknown user name cannot be told from a wrong password by the clock.
void verify_nothing(std::string_view password);

}  // namespace surveillx::crypto
