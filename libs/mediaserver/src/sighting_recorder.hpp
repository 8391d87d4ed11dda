#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>

#include "surveillx/base/bytes.hpp"
#include "surveillx/crypto/key_ring.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// Puts sightings into the outbox, snapshots sealed. What the outbox cannot take (a full disk) waits
/// in memory, bounded, and is tried again. What is given up in the end is counted, and named in the log.
/// Thread-safe; `record` blocks for one fsync.
class SightingRecorder {
 public:
  /// `store::Outbox::append`, or a stand-in that fails in tests.
  using Append = std::function<Result<void>(const domain::Sighting&, ByteView sealed_snapshot)>;

  /// `on_recorded` is called after each append, on the caller's thread: wakes the drainer.
  SightingRecorder(Append append, crypto::KeyRing keys, telemetry::Metrics& metrics,
                   std::function<void()> on_recorded);

  /// As `finish` without waiting.
  ~SightingRecorder();
  SightingRecorder(const SightingRecorder&) = delete;
  SightingRecorder& operator=(const SightingRecorder&) = delete;

  void record(const domain::Sighting& sighting, ByteView snapshot_jpeg);
  /// Tries again what is waiting in memory.
  void retry();
  /// At the end: tries for at most `limit` to bring what waits in memory to disk, gives up the rest
  /// and returns how many that were. What is recorded later still goes to disk if it can.
  std::size_t finish(std::chrono::milliseconds limit);
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Waiting {
    domain::Sighting sighting;
    Bytes sealed_snapshot;
  };
  /// True when the outbox has it.
  bool try_append(const Waiting& entry);
  void flush_locked();
  void lose_locked(const domain::Sighting& sighting, std::string_view reason);

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
