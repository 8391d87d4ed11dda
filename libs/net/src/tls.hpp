#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/client.hpp"
#include "surveillx/net/http_server.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace surveillx::net {

/// TLS 1.2 or later with the certificate of `files`. `bad_certificate` names the file.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> server_tls(const TlsFiles& files);

/// A context that trusts what `trust` says. `bad_certificate` when its CA file cannot be read.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> client_tls(const TlsTrust& trust);

/// Sets SNI and, without a pin, the name that the certificate must have. Before the handshake.
void expect_host(SSL* tls, const std::string& host, const TlsTrust& trust);

/// `certificate_pin` of a certificate; empty when OpenSSL cannot tell.
[[nodiscard]] std::string key_pin(const X509* certificate);

/// After the handshake, before a byte is sent: compares the pin, or the key with that of the trusted
/// certificate's file. `tls_untrusted`.
[[nodiscard]] Result<void> check_pin(SSL* tls, const TlsTrust& trust);

/// Why verification failed, or an empty string when it did not.
[[nodiscard]] std::string verify_failure(SSL* tls);

}  // namespace surveillx::net
