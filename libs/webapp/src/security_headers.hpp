#pragma once

#include "surveillx/config/config.hpp"
#include "surveillx/net/http_server.hpp"

namespace surveillx::webapp {

/// What every answer tells browsers about what a page of ours may do and who may show it, and,
/// where `security.hsts` and the certificate say so, to use HTTPS alone.
void set_security_headers(net::Router& router, const config::Config& config);

}  // namespace surveillx::webapp
