#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/net/certificate.hpp"

#include <memory>
#include <optional>
#include <string>

namespace surveillx::setup {

/// `Config::web_tls` or `Config::signaling_tls` as a listener wants it; null: plain TCP.
[[nodiscard]] std::shared_ptr<const net::TlsFiles> tls_files(const std::optional<config::Tls>& tls);

/// Makes a self-signed certificate before the listener would, so that its pin can be told, and checks
/// any: the pin, empty without TLS. `bad_certificate`.
[[nodiscard]] Result<std::string> prepare_tls(const std::optional<config::Tls>& tls);

}  // namespace surveillx::setup
