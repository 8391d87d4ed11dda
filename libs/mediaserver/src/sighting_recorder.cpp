#include "sighting_recorder.hpp"

#include <thread>
#include <utility>

#include "surveillx/base/log.hpp"
#include "surveillx/store/attendance_book.hpp"

namespace surveillx::mediaserver {
namespace {

/// About an hour of a busy entrance; at 20 KB a snapshot some 100 MB.
constexpr std::size_t kMaxWaiting = 5'000;
constexpr std::chrono::milliseconds kBetweenTries{10};

}  // namespace

SightingRecorder::SightingRecorder(Append append, crypto::KeyRing keys,
                                   telemetry::Metrics& metrics, std::function<void()> on_recorded)
    : append_(std::move(append)),
      keys_(std::move(keys)),
      on_recorded_(std::move(on_recorded)),
      recorded_(metrics.counter("sightings_recorded_total", "Sightings that are on disk")),
      lost_(metrics.counter("sightings_lost_total",
                            "Sightings given up because neither disk nor memory could take them")),
      waiting_gauge_(metrics.gauge("sightings_waiting_in_memory",
                                   "Sightings that the outbox could not take yet")) {}

SightingRecorder::~SightingRecorder() { finish(std::chrono::milliseconds(0)); }

void SightingRecorder::record(const domain::Sighting& sighting, ByteView snapshot_jpeg) {
  Waiting entry{sighting, {}};
  if (!snapshot_jpeg.empty()) {
    entry.sealed_snapshot = store::seal_snapshot(keys_, sighting.id, snapshot_jpeg);
  }
  const std::lock_guard lock(mutex_);
  flush_locked();
  if (waiting_.empty() && try_append(entry)) return;
  if (waiting_.size() >= kMaxWaiting) {
    lose_locked(sighting, "outbox and memory are full");
    return;
  }
  waiting_.push_back(std::move(entry));
  waiting_gauge_.set(static_cast<double>(waiting_.size()));
}

void SightingRecorder::retry() {
  const std::lock_guard lock(mutex_);
  flush_locked();
}

std::size_t SightingRecorder::finish(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  retry();
  while (waiting() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kBetweenTries);
    retry();
  }
  const std::lock_guard lock(mutex_);
  const std::size_t given_up = waiting_.size();
  for (const Waiting& entry : waiting_) {
    lose_locked(entry.sighting, "media stopped before the outbox could take it");
  }
  waiting_.clear();
  waiting_gauge_.set(0);
  return given_up;
}

void SightingRecorder::lose_locked(const domain::Sighting& sighting, std::string_view reason) {
  lost_.add();
  log::error("sighting.lost", {{"camera", sighting.camera_id.str()},
                               {"sighting", sighting.id.str()},
                               {"person", sighting.person_id.str()},
                               {"at", format_rfc3339_utc(sighting.at)},
                               {"reason", reason}});
}

std::size_t SightingRecorder::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void SightingRecorder::flush_locked() {
  while (!waiting_.empty() && try_append(waiting_.front())) waiting_.pop_front();
  waiting_gauge_.set(static_cast<double>(waiting_.size()));
}

bool SightingRecorder::try_append(const Waiting& entry) {
  const auto appended = append_(entry.sighting, entry.sealed_snapshot);
  if (!appended) {
    // One line when it begins to fail, not one a try.
    if (!std::exchange(failing_, true)) {
      log::error("outbox.append_failed", {{"error", appended.error().name.text()},
                                          {"detail", appended.error().message}});
    }
    return false;
  }
  if (std::exchange(failing_, false)) log::info("outbox.append_works_again");
  recorded_.add();
  on_recorded_();
  return true;
}

}  // namespace surveillx::mediaserver
