#include "surveillx/base/log.hpp"
#include "surveillx/base/log_background.hpp"

#include "api.hpp"
#include "tcp_probe.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

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

/// `/readyz` for anybody: however many ask, the database is asked by one at a time. On the loop.
class Readiness : public std::enable_shared_from_this<Readiness> {
 public:
  explicit Readiness(const ApiParts& parts) : parts_(parts) {}

  void ask(HttpResponder respond) {
    waiting_.push_back(std::move(respond));
    // Who comes while it is being found out may have come after something changed: the next look
    // is theirs.
    if (!looking_) look();
  }

 private:
  void look() {
    const auto asked = std::make_shared<std::vector<HttpResponder>>(std::move(waiting_));
    waiting_.clear();
    looking_ = parts_.system_pool.try_post([self = shared_from_this(), asked] {
      const auto reason = missing(self->parts_);
      self->parts_.loop.post([self, asked, reason] { self->found(*asked, reason); });
    });
    if (looking_) return;
    for (const auto& respond : *asked) respond(plain(503, "not ready\n"));
  }

  void found(const std::vector<HttpResponder>& asked, const std::string& reason) {
    const bool ready = reason.empty();
    // One line a change: a probe asks every few seconds.
    if (std::exchange(was_ready_, ready) != ready) {
      if (ready) {
        log::info("web.ready");
      } else {
        log::warn("web.not_ready", {{"reason", reason}});
      }
    }
    for (const auto& respond : asked) {
      respond(ready ? plain(200, "ready\n") : plain(503, "not ready\n"));
    }
    looking_ = false;
    if (!waiting_.empty()) look();
  }

  const ApiParts& parts_;
  std::vector<HttpResponder> waiting_;
  bool looking_ = false;
  bool was_ready_ = true;
};

/// Counters of parts that know no metrics.
void export_counts(const ApiParts& parts) {
  const auto grow = [](const telemetry::Counter& counter, std::uint64_t now) {
    counter.add(static_cast<double>(now) - counter.value());
  };
  for (const auto& [kind, count] : parts.http_stats().refusals()) {
    grow(parts.metrics.counter("http_refusals_total",
                               "Connections and requests that were refused or ended, by kind.",
                               {{"kind", std::string(kind)}}),
         count);
  }
  grow(parts.metrics.counter("log_lines_dropped_total", "Log lines that nobody read in time."),
       log::dropped_lines());
}

}  // namespace

void add_operation_routes(net::Router& router, const ApiParts& parts) {
  auto& gate = parts.gate;
  gate.add_open(router, "GET", "/healthz",
                [](HttpRequest, HttpResponder respond) { respond(plain(200, "ok\n")); });
  const auto readiness = std::make_shared<Readiness>(parts);
  gate.add_open(router, "GET", "/readyz", [readiness](HttpRequest, HttpResponder respond) {
    readiness->ask(std::move(respond));
  });
  gate.add(router, "GET", "/metrics", Access::admin_or_loopback, parts.sql_pool,
           [&parts](const HttpRequest&, const Caller&) {
             parts.loop.run_sync([&parts] {
               if (const auto live = parts.live()) live->export_metrics(parts.metrics);
               export_counts(parts);  // In turns, so that nothing is added twice.
             });
             export_certificate(parts);
             auto response = plain(200, parts.metrics.text());
             response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
             return response;
           });
}

}  // namespace surveillx::webapp
