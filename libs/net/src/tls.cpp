#include "tls.hpp"

#include "surveillx/base/bytes.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace surveillx::net {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

std::string lower_hex(std::string_view pin) {
  std::string out;
  for (const char c : pin) {
    if (c == ':' || c == ' ') continue;  // As `openssl x509 -fingerprint` prints it.
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

bool has_pin(const TlsTrust& trust) {
  return !trust.pin_sha256.empty() || !trust.certificate_file.empty();
}

/// HTTP/1.1 for clients that offer it beside h2; others go on without ALPN.
int choose_protocol(SSL* /*tls*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void* /*arg*/) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11 - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<ssl::context>> server_tls(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(native, &choose_protocol, nullptr);
  static constexpr std::string_view kSession = "surveillx";
  SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>(kSession.data()),
                                 static_cast<unsigned>(kSession.size()));
  error_code ec;
  // OpenSSL's default would ask for the passphrase on the terminal.
  context->set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string(); }, ec);
  context->use_certificate_chain_file(files.certificate_file, ec);
  if (ec) {
    return Error{kBadCertificate,
                 "cannot use the certificate " + files.certificate_file + ": " + ec.message()};
  }
  context->use_private_key_file(files.key_file, ssl::context::pem, ec);
  if (ec) {
    return Error{kBadCertificate, "cannot use the key " + files.key_file + ": " + ec.message()};
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    ERR_clear_error();
    return Error{kBadCertificate,
                 "the key " + files.key_file + " does not belong to " + files.certificate_file};
  }
  return context;
}

Result<std::shared_ptr<ssl::context>> client_tls(const TlsTrust& trust) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  if (has_pin(trust)) {
    // The pin alone decides, after the handshake: a pinned certificate is mostly self-signed.
    context->set_verify_mode(ssl::verify_none);
    return context;
  }
  error_code ec;
  if (trust.ca_file.empty()) {
    context->set_default_verify_paths(ec);
  } else {
    context->load_verify_file(trust.ca_file, ec);
    // A server's own certificate, given as the authority, is enough.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(native), X509_V_FLAG_PARTIAL_CHAIN);
  }
  if (ec) {
    return Error{kBadCertificate, "cannot read the authorities" +
                                      (trust.ca_file.empty() ? "" : " in " + trust.ca_file) + ": " +
                                      ec.message()};
  }
  context->set_verify_mode(ssl::verify_peer);
  return context;
}

void expect_host(SSL* tls, const std::string& host, const TlsTrust& trust) {
  error_code not_address;
  boost::asio::ip::make_address(host, not_address);
  if (not_address) SSL_set_tlsext_host_name(tls, host.c_str());
  if (has_pin(trust)) return;
  if (not_address) {
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(tls, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str());
  }
}

std::string key_pin(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const bool done = EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length,
                               EVP_sha256(), nullptr) == 1;
  OPENSSL_free(der);
  return done ? hex_encode({digest.data(), length}) : std::string();
}

Result<void> check_pin(SSL* tls, const TlsTrust& trust) {
  if (!has_pin(trust)) return {};
  const X509* certificate = SSL_get0_peer_certificate(tls);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return Error{kTlsUntrusted, "the server showed no certificate"};
  }
  const std::string pin = key_pin(certificate);
  if (!trust.certificate_file.empty()) {
    auto expected = certificate_pin(trust.certificate_file);
    if (!expected) return Error{kTlsUntrusted, expected.error().message};
    if (pin != *expected) {
      return Error{kTlsUntrusted,
                   "the server's certificate is not the one in " + trust.certificate_file};
    }
    return {};
  }
  const std::string expected = lower_hex(trust.pin_sha256);
  // Before they were of keys, pins were of whole certificates; whoever has one goes on.
  if (pin != expected && hex_encode({digest.data(), size}) != expected) {
    return Error{kTlsUntrusted, "the server's key is not the pinned one"};
  }
  return {};
}

std::string verify_failure(SSL* tls) {
  const long result = SSL_get_verify_result(tls);
  return result == X509_V_OK ? std::string() : X509_verify_cert_error_string(result);
}

}  // namespace surveillx::net
