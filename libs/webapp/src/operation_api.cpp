#include "surveillx/base/log.hpp"

#include "api.hpp"
#include "tcp_probe.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace surveillx::webapp {
namespace {

using net::HttpRequest;
using net::HttpResponder;
using net::HttpResponse;

HttpResponse plain(int status, std::string text) {
  auto response = HttpResponse::text(status, std::move(text));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

/// Empty: ready. Otherwise what is missing, for the log only.
std::string missing(const ApiParts& parts) {
  if (auto schema = parts.store->database().check_schema(); !schema) {
    return std::string(schema.error().name.text());
  }
  // In legacy mode media talks to another server, so that nobody tells us; then its port is asked.
  if (parts.config.publish.mode == config::PublishMode::legacy) {
    const bool listening =
        accepts_connections(parts.config.signaling_url(), std::chrono::milliseconds(500));
    return listening ? "" : "signaling_not_listening";
  }
  const auto facts = parts.live_facts();
  if (!facts.media_connected) return "media_not_connected";
  return facts.signaling_listening ? "" : "signaling_not_listening";
}

void export_certificate(const ApiParts& parts) {
  const auto stats = parts.http_stats();
  const auto days = stats.certificate_days_left();
  if (!days) return;
  parts.metrics.gauge("certificate_days_left", "Days until the certificate in use ends.")
      .set(static_cast<double>(*days));
  parts.metrics
      .gauge("certificate_files_refused", "Changed certificate files that could not be used.")
      .set(static_cast<double>(stats.certificate_refused));
}

}  // namespace

void add_operation_routes(net::Router& router, const ApiParts& parts) {
  auto& gate = parts.gate;
  gate.add_open(router, "GET", "/healthz",
                [](HttpRequest, HttpResponder respond) { respond(plain(200, "ok\n")); });
  const auto was_ready = std::make_shared<std::atomic<bool>>(true);
  gate.add_open(router, "GET", "/readyz", [&parts, was_ready](HttpRequest, HttpResponder respond) {
    const bool posted = parts.sql_pool.try_post([&parts, was_ready, respond] {
      const auto reason = missing(parts);
      const bool ready = reason.empty();
      // One line a change: a probe asks every few seconds.
      if (was_ready->exchange(ready) != ready) {
        if (ready) {
          log::info("web.ready");
        } else {
          log::warn("web.not_ready", {{"reason", reason}});
        }
      }
      respond(ready ? plain(200, "ready\n") : plain(503, "not ready\n"));
    });
    if (!posted) respond(plain(503, "not ready\n"));
  });
  gate.add(router, "GET", "/metrics", Access::admin_or_loopback, parts.sql_pool,
           [&parts](const HttpRequest&, const Caller&) {
             parts.loop.run_sync([&parts] {
               if (const auto live = parts.live()) live->export_metrics(parts.metrics);
             });
             export_certificate(parts);
             auto response = plain(200, parts.metrics.text());
             response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
             return response;
           });
}

}  // namespace surveillx::webapp
