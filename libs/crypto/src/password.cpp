#include "surveillx/crypto/password.hpp"

#include "surveillx/base/unicode.hpp"

#include "sodium.hpp"

#include <algorithm>
#include <array>
#include <vector>

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

/// How a password may have been hashed: prepared as today, or, by older programs, as it was typed.
/// One for ASCII.
std::vector<std::string> spellings(std::string_view password) {
  std::vector<std::string> all{unicode::opaque(password)};
  for (const std::string& old :
       {std::string(password), unicode::composed(password), unicode::decomposed(password)}) {
    if (std::find(all.begin(), all.end(), old) == all.end()) all.push_back(old);
  }
  return all;
}

}  // namespace

Result<std::string> hash_password(std::string_view given, PasswordCost cost) {
  require_sodium();
  const std::string password = unicode::opaque(given);
  if (unicode::length(password) < 8) {
    return Error{kWeakPassword, "a password has at least 8 characters"};
  }
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
  // A wrong password costs the same as for a name that does not exist: all of them.
  for (const std::string& spelling : spellings(password)) {
    if (crypto_pwhash_str_verify(terminated.c_str(), spelling.data(), spelling.size()) == 0) {
      return true;
    }
  }
  return false;
}

void verify_nothing(std::string_view password) {
  static const std::string kHash = hash_password("no user has this password").value();
  (void)verify_password(kHash, password);
}

}  // namespace surveillx::crypto
