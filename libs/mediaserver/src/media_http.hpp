#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "scraped_metrics.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// The signalling port, and what it answers to operators: /healthz and /metrics. Ways in for cameras
/// add their routes with `mount`. Not on the loop's thread.
class MediaHttp {
 public:
  /// Errors: `port_in_use`, `bad_address`, `bad_certificate`.
  [[nodiscard]] static Result<std::unique_ptr<MediaHttp>> listen(
      net::EventLoop& loop, const config::Config& config, telemetry::Metrics& metrics,
      ScrapedMetrics& scraped, const std::function<void(net::Router&)>& mount);
  /// Closes every connection. Nobody who asked for /metrics is served any more when it returns.
  ~MediaHttp();
  MediaHttp(const MediaHttp&) = delete;
  MediaHttp& operator=(const MediaHttp&) = delete;

  void stop_accepting();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// `ws://127.0.0.1:8443`, for people.
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  MediaHttp(const config::Config& config, telemetry::Metrics& metrics, ScrapedMetrics& scraped);
  void add_routes(net::Router& router);
  [[nodiscard]] net::HttpResponse metrics_page(const net::HttpRequest& request);
  [[nodiscard]] net::HttpServerStats stats();

  const std::string metrics_token_;
  telemetry::Metrics& metrics_;
  ScrapedMetrics& scraped_;
  std::uint16_t port_ = 0;
  std::string url_;
  std::mutex mutex_;  ///< Of `server_`: /metrics is answered while it comes and goes, too.
  WorkerPool pool_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace surveillx::mediaserver
