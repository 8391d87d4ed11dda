#include "surveillx/base/log_background.hpp"

#include "answers.hpp"
#include "resources/resources.hpp"

#include <string>

namespace surveillx::webapp {
namespace {

using net::HttpRequest;
using net::HttpResponse;

void export_certificate(const ApiContext& context) {
  const auto stats = context.http_stats();
  const auto days = stats.certificate_days_left();
  if (!days) return;
  context.metrics.gauge("certificate_days_left", "Days until the certificate in use ends.")
      .set(static_cast<double>(*days));
  context.metrics
      .gauge("certificate_files_refused", "Changed certificate files that could not be used.")
      .set(static_cast<double>(stats.certificate_refused));
}

/// Counters of parts that know no metrics.
void export_counts(const ApiContext& context) {
  for (const auto& [kind, count] : context.http_stats().refusals()) {
    context.metrics
        .counter("http_refusals_total",
                 "Connections and requests that were refused or ended, by kind.",
                 {{"kind", std::string(kind)}})
        .raise_to(count);
  }
  context.metrics.counter("log_lines_dropped_total", "Log lines that nobody read in time.")
      .raise_to(log::dropped_lines());
}

HttpResponse read_metrics(const ApiContext& context) {
  context.loop.run_sync([&context] {
    if (const auto live = context.live()) live->export_metrics(context.metrics);
    export_counts(context);  // In turns, so that nothing is added twice.
  });
  export_certificate(context);
  auto response = plain_text(200, context.metrics.text());
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace

void add_metrics(net::Router& router, const ApiContext& context) {
  context.gate.add(router, "GET", "/metrics", Access::admin_or_loopback, context.sql_pool,
                   [&context](const HttpRequest&, const Caller&) { return read_metrics(context); });
}

}  // namespace surveillx::webapp
