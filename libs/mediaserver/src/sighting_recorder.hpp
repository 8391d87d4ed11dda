#pragma once

#include <deque>
#include <functional>
#include <mutex>

#include "surveillx/base/bytes.hpp"
#include "surveillx/crypto/key_ring.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// Puts sightings into the outbox, snapshots sealed. What the outbox cannot take (a full disk) waits
/// in memory, bounded, and is tried again. Thread-safe; `record` blocks for one fsync.
class SightingRecorder {
 public:
  /// `store::Outbox::append`, or a stand-in that fails in tests.
  using Append = std::function<Result<void>(const domain::Sighting&, ByteView sealed_snapshot)>;

  /// `on_recorded` is called after each append, on the caller's thread: wakes the drainer.
  SightingRecorder(Append append, crypto::KeyRing keys, telemetry::Metrics& metrics,
                   std::function<void()> on_recorded);

  void record(const domain::Sighting& sighting, ByteView snapshot_jpeg);
  /// Tries again what is waiting in memory.
  void retry();
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Waiting {
    domain::Sighting sighting;
    Bytes sealed_snapshot;
  };
  /// True when the outbox has it.
  bool try_append(const Waiting& entry);
  void flush_locked();

  Append append_;
  crypto::KeyRing keys_;
  std::function<void()> on_recorded_;
  telemetry::Counter recorded_;
  telemetry::Counter lost_;
  telemetry::Gauge waiting_gauge_;
  mutable std::mutex mutex_;
  std::deque<Waiting> waiting_;
  bool failing_ = false;
};

}  // namespace surveillx::mediaserver
