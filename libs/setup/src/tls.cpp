#include "surveillx/setup/tls.hpp"

namespace surveillx::setup {

std::shared_ptr<const net::TlsFiles> tls_files(const std::optional<config::Tls>& tls) {
  if (!tls) return nullptr;
  return std::make_shared<const net::TlsFiles>(
      net::TlsFiles{tls->certificate, tls->key, tls->self_signed, tls->names});
}

Result<std::string> prepare_tls(const std::optional<config::Tls>& tls) {
  const auto files = tls_files(tls);
  if (!files) return std::string();
  if (auto made = net::ensure_certificate(*files); !made) return made.error();
  if (auto pair = net::check_certificate_pair(*files); !pair) return pair.error();
  return net::certificate_pin(files->certificate_file);
}

}  // namespace surveillx::setup
