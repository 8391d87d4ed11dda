#include "surveillx/crypto/password.hpp"

#include "sodium.hpp"

#include <array>

namespace surveillx::crypto {

namespace {

struct Limits {
  unsigned long long operations;
  std::size_t memory;
};

Limits limits_of(PasswordCost cost) {
  switch (cost) {
    case PasswordCost::moderate:
      return {crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE};
    case PasswordCost::minimal:
      return {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN};
    case PasswordCost::interactive:
      break;
  }
  return {crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
}

}  // namespace

Result<std::string> hash_password(std::string_view password, PasswordCost cost) {
  require_sodium();
  if (password.size() < 8) return Error{kWeakPassword, "a password has at least 8 characters"};
  if (password.size() > 1024) return Error{kWeakPassword, "a password has at most 1024 bytes"};
  const Limits limits = limits_of(cost);
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), limits.operations,
                            limits.memory, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error{kUnavailable, "not enough memory to hash a password"};
  }
  return std::string(hash.data());
}

bool verify_password(std::string_view hash, std::string_view password) {
  require_sodium();
  const std::string terminated(hash);
  // Only our own algorithm: libsodium would take Argon2i as well.
  if (!terminated.starts_with("$argon2id$")) return false;
  return crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) == 0;
}

void verify_nothing(std::string_view password) {
  static const std::string kHash = hash_password("no user has this password").value();
  (void)verify_password(kHash, password);
}

}  // namespace surveillx::crypto
