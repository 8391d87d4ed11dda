#pragma once

#include "surveillx/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace surveillx::net {

inline constexpr ErrorName kBadCertificate{"bad_certificate"};

/// Certificate and key of a server.
struct TlsFiles {
  std::string certificate_file;  ///< PEM chain.
  std::string key_file;          ///< PEM.
  /// Ours: made when absent, and renewed with the same key (`ensure_self_signed_certificate`).
  bool self_signed{};
  /// What a self-signed certificate is to be valid for, besides `machine_names`.
  std::vector<std::string> names{};
};

/// What a certificate file says.
struct CertificateInfo {
  std::string pin;  ///< `certificate_pin`
  std::chrono::system_clock::time_point expires;
  bool self_signed = false;
  std::vector<std::string> names;  ///< DNS names and IP addresses of subjectAltName.

  /// Whole days until it ends, rounded down; negative once it has.
  [[nodiscard]] std::int64_t days_left(std::chrono::system_clock::time_point now) const;
};

/// From so many days on, a certificate that nobody renews is worth a warning.
inline constexpr std::int64_t kCertificateWarningDays = 14;

/// The first certificate of a PEM file. `bad_certificate` when there is none.
[[nodiscard]] Result<CertificateInfo> read_certificate_info(const std::string& pem_file);

/// The pin that clients are given: SHA-256 of the public key (SubjectPublicKeyInfo, DER) of the first
/// certificate of a PEM file, in lower-case hexadecimal. A renewal with the same key keeps it.
[[nodiscard]] Result<std::string> certificate_pin(const std::string& pem_file);

/// `bad_certificate` unless the files can serve TLS together.
[[nodiscard]] Result<void> check_certificate_pair(const TlsFiles& files);

/// What this machine is reached by: localhost, its loopback addresses, its host name, and the
/// addresses of its interfaces. The one place that decides what self-signed certificates name.
[[nodiscard]] std::vector<std::string> machine_names();

/// Makes a self-signed certificate (ECDSA P-256, 10 years, `names` as subjectAltName) and its key
/// (0600, in a folder of 0700 when that is missing). Where they exist, the certificate is renewed
/// with the same key when it ends within 30 days, misses one of `names`, or is not the key's.
/// Processes that do this at once agree on one pair. `bad_certificate` when a file is there and cannot
/// be read, which is never written over.
[[nodiscard]] Result<void> ensure_self_signed_certificate(const std::string& certificate_file,
                                                          const std::string& key_file,
                                                          const std::vector<std::string>& names);
/// For `files.self_signed`, with `machine_names` and `files.names`; otherwise nothing.
[[nodiscard]] Result<void> ensure_certificate(const TlsFiles& files);

}  // namespace surveillx::net
