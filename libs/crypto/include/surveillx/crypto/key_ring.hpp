#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/error.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace surveillx::crypto {

inline constexpr ErrorName kKeyFileMissing{"key_file_missing"};
inline constexpr ErrorName kKeyFileInvalid{"key_file_invalid"};
inline constexpr ErrorName kKeyFilePermissions{"key_file_permissions"};
/// The data was sealed with another key file.
inline constexpr ErrorName kWrongKey{"wrong_key"};
/// The sealed bytes were changed, cut, or moved to another row.
inline constexpr ErrorName kSealBroken{"seal_broken"};

/// The installation's master key and what is derived from it (libsodium's `crypto_kdf`, BLAKE2b):
/// the key that seals stored blobs, and the token by which media and web know each other. Hosts
/// that share a database share the key file; whoever loses it loses every sealed blob.
///
/// A copy shares the same locked memory, which is wiped with the last of them. Thread-safe.
class KeyRing {
 public:
  /// Reads an existing key file: exactly 32 bytes, not readable or writable by group and others.
  /// Errors: `key_file_missing`, `key_file_invalid`, `key_file_permissions`, `io_error`.
  [[nodiscard]] static Result<KeyRing> load(const std::filesystem::path& file);
  /// Reads the key file or, when there is none, creates it (0600, its folder 0700) with random
  /// bytes. The creation is atomic: of several processes that start at once, all get the same key.
  /// Errors: as `load`.
  [[nodiscard]] static Result<KeyRing> load_or_create(const std::filesystem::path& file);
  /// A ring that lives in memory only, for tests and throw-away runs.
  [[nodiscard]] static KeyRing ephemeral();

  /// Encrypts and authenticates (XChaCha20-Poly1305, random nonce). `bound_to` names the row the
  /// bytes belong to, for example `photo:<uuid>`; it is authenticated, not stored, so that sealed
  /// bytes moved to another row do not open. The result is 45 bytes longer than `plain`: a format
  /// byte, four bytes of the key's id, the nonce and the tag.
  [[nodiscard]] Bytes seal(ByteView plain, std::string_view bound_to) const;
  /// Errors: `wrong_key`, `seal_broken`.
  [[nodiscard]] Result<Bytes> unseal(ByteView sealed, std::string_view bound_to) const;

  /// What media presents to web (Socket.IO CONNECT auth) and to `/api`: equal in all processes that
  /// use the same key file, stored nowhere. 43 base64url characters. A secret: never log it.
  [[nodiscard]] const std::string& media_token() const;
  /// Eight hexadecimal digits that identify the key without telling anything about it.
  [[nodiscard]] const std::string& id() const;

 private:
  struct Keys;
  explicit KeyRing(std::shared_ptr<const Keys> keys) : keys_(std::move(keys)) {}
  [[nodiscard]] static KeyRing from_master(ByteView master);

  std::shared_ptr<const Keys> keys_;
};

}  // namespace surveillx::crypto
