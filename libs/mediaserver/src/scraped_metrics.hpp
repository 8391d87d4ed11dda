#pragma once

#include <cstdint>
#include <mutex>

#include "surveillx/net/http_server.hpp"
#include "surveillx/store/outbox.hpp"
#include "surveillx/store/outbox_drainer.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// The numbers of the media process that nobody counts as they change: asked for when somebody looks
/// at /metrics. Thread-safe, may block (the outbox's file).
class ScrapedMetrics {
 public:
  ScrapedMetrics(telemetry::Metrics& metrics, store::Outbox& outbox,
                 const store::OutboxDrainer& drainer);

  void refresh(const net::HttpServerStats& http);

 private:
  telemetry::Metrics& metrics_;
  store::Outbox& outbox_;
  const store::OutboxDrainer& drainer_;
  std::mutex mutex_;  ///< Two who look at once must not count the same twice.
};

}  // namespace surveillx::mediaserver
