#include "surveillx/config/config.hpp"

#include "values.hpp"

#include <cctype>
#include <cstring>
#include <utility>

namespace surveillx::config {
namespace {

/// Of an origin; an IPv6 address without its brackets.
std::string host_of(const std::string& origin) {
  const auto start = origin.find("://");
  if (start == std::string::npos) return {};
  std::string host = origin.substr(start + 3);
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

std::optional<Tls> tls_of(const std::string& certificate, const std::string& key,
                          const Config& config) {
  if (!certificate.empty() && !key.empty()) return Tls{certificate, key, false, {}};
  if (!config.security.public_) return std::nullopt;
  const std::string folder = config.data_dir + "/tls/";
  Tls tls{folder + "certificate.pem", folder + "key.pem", true, {}};
  if (auto host = host_of(config.external_origin()); !host.empty()) {
    tls.names.push_back(std::move(host));
  }
  return tls;
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

ice::ServerPlan Ice::servers() const { return {stun, turn, turn_secret, turn_lifetime}; }

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

std::string Config::base_path() const {
  std::string path = web.base_path;
  if (path.empty()) {
    const auto host = web.external_url.find("://");
    const auto slash = host == std::string::npos ? host : web.external_url.find('/', host + 3);
    if (slash != std::string::npos) path = web.external_url.substr(slash);
  }
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string Config::external_origin() const {
  const auto host = web.external_url.find("://");
  if (host == std::string::npos) return {};
  std::string origin = web.external_url.substr(0, web.external_url.find('/', host + 3));
  for (char& c : origin) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& [scheme, port] : {std::pair("http://", ":80"), std::pair("https://", ":443")}) {
    if (origin.starts_with(scheme) && origin.ends_with(port)) {
      origin.resize(origin.size() - std::strlen(port));  // Browsers leave the usual port out.
    }
  }
  return origin;
}

bool Config::has_unnamed_proxy() const {
  return web.trusted_proxies.empty() && (!web.external_url.empty() || !web.base_path.empty());
}

}  // namespace surveillx::config
