#include "security_headers.hpp"

#include "surveillx/net/certificate.hpp"

namespace surveillx::webapp {
namespace {

/// Half a year, for this host alone: other names of a domain are not ours to decide about.
constexpr const char* kHsts = "max-age=15768000";

/// With a self-signed certificate HSTS would take away the browser's way to go on regardless.
bool wants_hsts(const config::Config& config) {
  const auto tls = config.web_tls();
  switch (config.security.hsts) {
    case config::Hsts::never:
      return false;
    case config::Hsts::always:
      return tls || config.external_origin().starts_with("https:");
    case config::Hsts::auto_:
      break;
  }
  if (!tls || tls->self_signed) return false;
  const auto info = net::read_certificate_info(tls->certificate);
  return info && !info->self_signed;
}

}  // namespace

void set_security_headers(net::Router& router, const config::Config& config) {
  router.set_default_header(
      "Content-Security-Policy",
      "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
      "connect-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
      "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
      "frame-ancestors 'none'");
  router.set_default_header("X-Content-Type-Options", "nosniff");
  router.set_default_header("X-Frame-Options", "DENY");
  router.set_default_header("Referrer-Policy", "same-origin");
  router.set_default_header("Cross-Origin-Opener-Policy", "same-origin");
  router.set_default_header("Cross-Origin-Resource-Policy", "same-origin");
  if (wants_hsts(config)) router.set_default_header("Strict-Transport-Security", kHsts);
}

}  // namespace surveillx::webapp
