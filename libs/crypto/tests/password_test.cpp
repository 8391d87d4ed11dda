#include "surveillx/crypto/password.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <array>

namespace surveillx::crypto {
namespace {

constexpr const char* kComposed = "p\u00e4ssw\u00f6rter";
constexpr const char* kDecomposed = "pa\u0308sswo\u0308rter";

std::string hashed(std::string_view password) {
  return hash_password(password, PasswordCost::minimal).value();
}

/// As programs did that hashed what was typed.
std::string hashed_as_typed(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  EXPECT_EQ(crypto_pwhash_str_alg(hash.data(), password.data(), password.size(),
                                  crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN,
                                  crypto_pwhash_ALG_ARGON2ID13),
            0);
  return hash.data();
}

TEST(Password, both_spellings_of_its_letters_fit) {
  for (const char* stored : {kComposed, kDecomposed}) {
    for (const char* typed : {kComposed, kDecomposed}) {
      EXPECT_TRUE(verify_password(hashed(stored), typed));
    }
  }
  EXPECT_TRUE(verify_password(hashed("eight and a space"), "eight\u00a0and a\u3000space"));
}

TEST(Password, case_and_accents_count) {
  EXPECT_FALSE(verify_password(hashed("password"), "Password"));
  EXPECT_FALSE(verify_password(hashed(kComposed), "passworter"));
}

TEST(Password, hashes_of_passwords_as_they_were_typed_still_fit) {
  for (const char* stored : {kComposed, kDecomposed, "plain ascii"}) {
    EXPECT_TRUE(verify_password(hashed_as_typed(stored), stored)) << stored;
  }
  EXPECT_TRUE(verify_password(hashed_as_typed(kDecomposed), kComposed));
  EXPECT_TRUE(verify_password(hashed_as_typed("odd\u00a0space"), "odd\u00a0space"));
}

TEST(Password, eight_characters_are_enough_and_eight_bytes_are_not) {
  EXPECT_TRUE(hash_password("\u00e4\u00f6\u00fc\u00df\u00e4\u00f6\u00fc\u00df", PasswordCost::minimal));
  EXPECT_TRUE(hash_password("\u00e4\u00f6\u00fc\u00df", PasswordCost::minimal).error().is(kWeakPassword));
}

}  // namespace
}  // namespace surveillx::crypto
