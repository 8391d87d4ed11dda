#include "media_http.hpp"

#include <algorithm>
#include <utility>

#include "surveillx/base/descriptors.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/net/proxies.hpp"
#include "surveillx/setup/tls.hpp"

namespace surveillx::mediaserver {
namespace {

/// This machine's user without a proxy between, or whoever shows the monitoring system's token.
bool may_read_metrics(const net::HttpRequest& request, const std::string& token) {
  if (net::is_direct_loopback(request)) return true;
  return !token.empty() &&
         crypto::equal_secrets(request.headers.get("Authorization"), "Bearer " + token);
}

net::ListenOptions listen_options(const config::Config& config) {
  net::ListenOptions options;
  options.address = config.signaling.listen;
  options.max_body_bytes = 1024;
  // Sessions need most of the descriptors, some 17 each.
  options.max_connections = std::min<std::size_t>(1024, descriptor_limit() / 4);
  options.trusted_proxies = config.web.trusted_proxies;
  options.unnamed_proxy = config.has_unnamed_proxy();
  options.tls = setup::tls_files(config.signaling_tls());
  return options;
}

}  // namespace

MediaHttp::MediaHttp(const config::Config& config, telemetry::Metrics& metrics,
                     ScrapedMetrics& scraped)
    : metrics_token_(config.security.metrics_token),
      metrics_(metrics),
      scraped_(scraped),
      pool_("media-metrics", 1, 8) {}

Result<std::unique_ptr<MediaHttp>> MediaHttp::listen(
    net::EventLoop& loop, const config::Config& config, telemetry::Metrics& metrics,
    ScrapedMetrics& scraped, const std::function<void(net::Router&)>& mount) {
  std::unique_ptr<MediaHttp> http(new MediaHttp(config, metrics, scraped));
  auto router = std::make_shared<net::Router>();
  mount(*router);
  http->add_routes(*router);
  auto server = net::HttpServer::listen(loop, router, listen_options(config));
  if (!server) return server.error();
  http->port_ = (*server)->port();
  {
    const std::lock_guard lock(http->mutex_);
    http->server_ = std::move(*server);
  }
  http->url_ = config.signaling_url();
  if (const auto colon = http->url_.rfind(':'); colon != std::string::npos) {
    // Port 0 took a free one.
    http->url_ = http->url_.substr(0, colon + 1) + std::to_string(http->port_);
  }
  log::info("signaling.listening", {{"url", http->url_}});
  return http;
}

MediaHttp::~MediaHttp() {
  std::unique_ptr<net::HttpServer> server;
  {
    const std::lock_guard lock(mutex_);
    server = std::move(server_);
  }
  server.reset();
  pool_.stop();
}

void MediaHttp::stop_accepting() { server_->stop_accepting(); }

void MediaHttp::add_routes(net::Router& router) {
  router.add("GET", "/healthz", [](const net::HttpRequest&, const net::HttpResponder& answer) {
    answer(net::HttpResponse::text(200, "ok\n"));
  });
  router.add_blocking("GET", "/metrics", pool_, [this](const net::HttpRequest& request) {
    return metrics_page(request);
  });
}

net::HttpResponse MediaHttp::metrics_page(const net::HttpRequest& request) {
  if (!may_read_metrics(request, metrics_token_)) {
    return net::HttpResponse::problem(
        403, "forbidden",
        "Metrics are for programs of this machine's user without a proxy between, and for who "
        "shows security.metrics_token.");
  }
  scraped_.refresh(stats());
  auto response = net::HttpResponse::text(200, metrics_.text());
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

net::HttpServerStats MediaHttp::stats() {
  const std::lock_guard lock(mutex_);
  return server_ ? server_->stats() : net::HttpServerStats{};
}

}  // namespace surveillx::mediaserver
