#include "surveillx/crypto/token.hpp"

#include "sodium.hpp"

#include <array>

namespace surveillx::crypto {

std::string random_token() {
  require_sodium();
  std::array<std::uint8_t, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return base64url_encode(bytes);
}

std::string random_password() {
  require_sodium();
  constexpr std::string_view kAlphabet = "23456789abcdefghijkmnpqrstuvwxyz";  // No 0 1 l o.
  std::string password;
  for (int i = 0; i < 20; ++i) {
    if (i > 0 && i % 5 == 0) password += '-';
    password += kAlphabet[randombytes_uniform(static_cast<std::uint32_t>(kAlphabet.size()))];
  }
  return password;
}

Bytes sha256(ByteView bytes) {
  Bytes hash(crypto_hash_sha256_BYTES);
  crypto_hash_sha256(hash.data(), bytes.data(), bytes.size());
  return hash;
}

std::string token_hash(std::string_view token) { return hex_encode(sha256(as_bytes(token))); }

std::string derived_token(std::string_view token, std::string_view purpose) {
  // BLAKE2b takes keys of 16 to 64 bytes; the hash makes one of any token. Its prefix keeps it
  // apart from token_hash(), which is stored.
  const Bytes key = sha256(as_bytes("derive:" + std::string(token)));
  std::array<std::uint8_t, 32> out{};
  crypto_generichash(out.data(), out.size(), as_bytes(purpose).data(), purpose.size(), key.data(),
                     key.size());
  return base64url_encode(out);
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace surveillx::crypto
