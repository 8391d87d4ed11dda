#pragma once

#include <mutex>

#include "surveillx/base/error.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// Whether the database gives its followers what they ask for: one line in the log when it begins to
/// fail, whoever notices it first, and one when it works for all of them again. Thread-safe.
class DatabaseHealth {
 public:
  enum class Asker : unsigned { revisions = 1, photos = 2 };

  explicit DatabaseHealth(telemetry::Metrics& metrics);

  void note(Asker asker, const Result<void>& done);

 private:
  telemetry::Gauge up_;
  std::mutex mutex_;
  unsigned failing_ = 0;  ///< A bit for each asker.
};

}  // namespace surveillx::mediaserver
