#include "surveillx/config/config.hpp"

#include "values.hpp"

namespace surveillx::config {
namespace {

std::optional<Tls> tls_of(const std::string& certificate, const std::string& key,
                          const Config& config) {
  if (!certificate.empty() && !key.empty()) return Tls{certificate, key, false};
  if (!config.security.public_) return std::nullopt;
  const std::string folder = config.data_dir + "/tls/";
  return Tls{folder + "certificate.pem", folder + "key.pem", true};
}

std::string local_url(const std::string& listen, const std::string& scheme) {
  const auto address = parse_listen(listen);
  if (!address) return {};
  std::string host = address->host;
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return scheme + "://" + host + ":" + std::to_string(address->port);
}

}  // namespace

std::optional<Tls> Config::web_tls() const { return tls_of(web.certificate, web.key, *this); }

std::optional<Tls> Config::signaling_tls() const {
  if (!signaling.certificate.empty()) return tls_of(signaling.certificate, signaling.key, *this);
  return web_tls();
}

std::string Config::web_url() const {
  if (!publish.url.empty() && publish.mode == PublishMode::internal) return publish.url;
  return local_url(web.listen, web_tls() ? "https" : "http");
}

std::string Config::signaling_url() const {
  return local_url(signaling.listen, signaling_tls() ? "wss" : "ws");
}

}  // namespace surveillx::config
