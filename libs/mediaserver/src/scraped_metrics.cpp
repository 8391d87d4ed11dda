#include "scraped_metrics.hpp"

#include <string>

#include "surveillx/base/log_background.hpp"
#include "surveillx/decode/rtp_intake.hpp"

namespace surveillx::mediaserver {

ScrapedMetrics::ScrapedMetrics(telemetry::Metrics& metrics, store::Outbox& outbox,
                               const store::OutboxDrainer& drainer)
    : metrics_(metrics), outbox_(outbox), drainer_(drainer) {}

void ScrapedMetrics::refresh(const net::HttpServerStats& http) {
  const auto drained = drainer_.stats();
  metrics_.gauge("outbox_entries", "Sightings that wait for the database")
      .set(static_cast<double>(outbox_.size()));
  metrics_.gauge("outbox_dead_letters", "Sightings that the database refused for good")
      .set(static_cast<double>(outbox_.dead_letter_count()));
  metrics_.gauge("outbox_failed_deliveries", "Deliveries that were put off")
      .set(static_cast<double>(drained.failures));
  if (const auto days = http.certificate_days_left()) {
    metrics_.gauge("certificate_days_left", "Days until the certificate in use ends.")
        .set(static_cast<double>(*days));
    metrics_.gauge("certificate_files_refused", "Changed certificate files that could not be used.")
        .set(static_cast<double>(http.certificate_refused));
  }
  const auto received = decode::totals();
  const std::lock_guard lock(mutex_);
  metrics_
      .counter("media_frames_skipped_total",
               "Frames that arrived and were not decoded: more than a second behind")
      .raise_to(received.frames_skipped);
  metrics_
      .counter("media_packets_refused_total",
               "Packets that arrived and found no room, or of one source too many")
      .raise_to(received.packets_refused);
  for (const auto& [kind, count] : http.refusals()) {
    metrics_
        .counter("http_refusals_total",
                 "Connections and requests that were refused or ended, by kind",
                 {{"kind", std::string(kind)}})
        .raise_to(count);
  }
  metrics_.counter("log_lines_dropped_total", "Log lines that nobody read in time")
      .raise_to(log::dropped_lines());
}

}  // namespace surveillx::mediaserver
