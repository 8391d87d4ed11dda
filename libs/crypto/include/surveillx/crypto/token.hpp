#pragma once

#include "surveillx/base/bytes.hpp"

#include <string>
#include <string_view>

/// Random tokens (cameras, web sessions) and how they are stored. All functions are thread-safe.
namespace surveillx::crypto {

/// 256 random bits as 43 base64url characters.
[[nodiscard]] std::string random_token();
/// A password for a person to copy: 20 characters (100 bits) without look-alikes, in groups
/// of five joined by `-`.
[[nodiscard]] std::string random_password();
/// SHA-256 as 64 lower-case hexadecimal digits: what the database keeps of a token. A fast hash is
/// enough here, because a token is random and cannot be guessed from a dictionary.
[[nodiscard]] std::string token_hash(std::string_view token);
/// A second token that only the holder of `token` can know, for the given purpose (keyed BLAKE2b);
/// the CSRF token of a web session is `derived_token(session token, "csrf")`. It cannot be computed
/// from `token_hash(token)`, so a stolen database yields neither.
[[nodiscard]] std::string derived_token(std::string_view token, std::string_view purpose);
/// Compares secrets in a time that depends on the length only. Different lengths are unequal.
[[nodiscard]] bool equal_secrets(std::string_view a, std::string_view b);

/// SHA-256, 32 bytes.
[[nodiscard]] Bytes sha256(ByteView bytes);

}  // namespace surveillx::crypto
