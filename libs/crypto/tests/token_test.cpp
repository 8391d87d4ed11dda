#include "surveillx/crypto/token.hpp"

#include "surveillx/crypto/password.hpp"

#include <gtest/gtest.h>

#include <set>

namespace surveillx::crypto {
namespace {

TEST(Token, has_256_bits_in_url_safe_characters_and_never_repeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string token = random_token();
    EXPECT_EQ(token.size(), 43u);
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(Token, hash_is_sha256) {
  EXPECT_EQ(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Token, derived_tokens_differ_by_token_and_purpose) {
  const std::string csrf = derived_token("token", "csrf");
  EXPECT_EQ(csrf, derived_token("token", "csrf"));
  EXPECT_NE(csrf, derived_token("token", "other"));
  EXPECT_NE(csrf, derived_token("tokem", "csrf"));
  EXPECT_NE(csrf, derived_token(token_hash("token"), "csrf"));
}

TEST(Token, secrets_are_equal_only_when_all_bytes_are) {
  EXPECT_TRUE(equal_secrets("abc", "abc"));
  EXPECT_FALSE(equal_secrets("abc", "abd"));
  EXPECT_FALSE(equal_secrets("abc", "ab"));
  EXPECT_TRUE(equal_secrets("", ""));
}

TEST(Token, generated_passwords_are_strong_and_readable) {
  const std::string password = random_password();
  EXPECT_EQ(password.size(), 23u);
  EXPECT_EQ(password.find_first_of("01lo"), std::string::npos);
  EXPECT_NE(password, random_password());
}

TEST(Password, verifies_only_the_password_that_was_hashed) {
  const std::string hash = hash_password("correct horse", PasswordCost::minimal).value();
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct horsf"));
  EXPECT_FALSE(verify_password(hash, ""));
  EXPECT_NE(hash, hash_password("correct horse", PasswordCost::minimal).value());
}

TEST(Password, default_cost_is_64_mebibytes) {
  const std::string hash = hash_password("correct horse").value();
  EXPECT_NE(hash.find("m=65536"), std::string::npos);
  EXPECT_TRUE(verify_password(hash, "correct horse"));
}

TEST(Password, refuses_short_and_endless_ones) {
  EXPECT_TRUE(hash_password("seven77").error().is(kWeakPassword));
  EXPECT_TRUE(hash_password(std::string(1025, 'x')).error().is(kWeakPassword));
}

TEST(Password, a_hash_that_is_none_verifies_nothing) {
  EXPECT_FALSE(verify_password("", ""));
  EXPECT_FALSE(verify_password("plain text", "plain text"));
}

}  // namespace
}  // namespace surveillx::crypto
