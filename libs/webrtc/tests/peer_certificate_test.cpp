#include "peer_certificate.hpp"

#include <gtest/gtest.h>

namespace surveillx::webrtc {
namespace {

// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=x`, and what
// `openssl x509 -fingerprint` says of it.
const std::string kPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbDCCAROgAwIBAgIUUVs8PhDWmcYw6iwyKS1EfjC6lFswCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBeDAeFw0yNjExMjYwMzE2MTNaFw0zNjExMjMwMzE2MTNaMAwx\n"
    "CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASivJgFElGPGkPu\n"
    "rZGqOuO10LbO1npBN95OzcKz0LbLKSWbYQZ9vDUeUOyeG1XRHQt8Aiov1vp7fQnZ\n"
    "m8rbD3RSo1MwUTAdBgNVHQ4EFgQUlbKt3kzgGqT5XyWTdnsH+LbEBbkwHwYDVR0j\n"
    "BBgwFoAUlbKt3kzgGqT5XyWTdnsH+LbEBbkwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"
    "hkjOPQQDAgNHADBEAiBFfsEjXwUV1m8Qehuc3jUHjulHhdAjHCXclrgJ0BeVFgIg\n"
    "SQ15vl/rcE2LuZza+/LAHgG9vGG62f+D38dEBwBW8E0=\n"
    "-----END CERTIFICATE-----\n";
const std::string kSha1 =
    "sha-1 "
    "42:94:74:18:9D:87:67:45:EF:74:D0:39:2A:C1:70:45:D4:32:30:61";
const std::string kSha256 =
    "sha-256 "
    "45:32:39:AF:14:DE:FE:8E:12:EA:F4:34:C0:E1:77:F8:ED:8F:82:4F:60:20:76:2B:79:1C:75:"
    "DA:36:07:4B:8E";
const std::string kSha384 =
    "sha-384 "
    "25:0C:53:88:EE:FE:3F:1F:B3:53:75:7C:4D:75:89:7D:0C:28:14:2A:83:0C:09:FF:4E:CB:4E:"
    "A2:77:82:C1:63:E9:8A:35:97:9A:15:F8:C2:DE:16:35:58:A5:F9:6D:D6";

std::string wrong(std::string fingerprint) {
  fingerprint.back() = fingerprint.back() == '0' ? '1' : '0';
  return fingerprint;
}

TEST(PeerCertificate, is_the_one_whose_hash_the_offer_names) {
  for (const auto& right : {kSha1, kSha256, kSha384}) {
    EXPECT_TRUE(is_named_certificate(kPem, {right})) << right;
    EXPECT_FALSE(is_named_certificate(kPem, {wrong(right)})) << right;
  }
  EXPECT_FALSE(is_named_certificate(kPem, {}));
}

TEST(PeerCertificate, of_several_hashes_the_strongest_counts) {
  EXPECT_TRUE(is_named_certificate(kPem, {wrong(kSha1), kSha256}));
  EXPECT_FALSE(is_named_certificate(kPem, {kSha1, wrong(kSha256)}));
  // Two certificates may be named (RFC 8122 section 5).
  EXPECT_TRUE(is_named_certificate(kPem, {wrong(kSha256), kSha256}));
}

TEST(PeerCertificate, is_none_when_it_cannot_be_read) {
  EXPECT_FALSE(is_named_certificate("", {kSha256}));
  EXPECT_FALSE(is_named_certificate("-----BEGIN CERTIFICATE-----\nAAAA", {kSha256}));
  EXPECT_FALSE(is_named_certificate(
      "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", {kSha256}));
}

}  // namespace
}  // namespace surveillx::webrtc
