#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace surveillx {

/// Wall time in Unix milliseconds, the unit of every `timestamp` on the wire.
using UnixMillis = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

[[nodiscard]] inline std::int64_t to_millis(UnixMillis t) { return t.time_since_epoch().count(); }
[[nodiscard]] inline UnixMillis from_millis(std::int64_t ms) {
  return UnixMillis(std::chrono::milliseconds(ms));
}
/// `2026-11-22T08:15:00.123Z` (RFC 3339, UTC).
[[nodiscard]] std::string format_rfc3339_utc(UnixMillis t);

/// Where time comes from, so that tests can set it. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual UnixMillis now() const = 0;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

/// The machine's clocks. The reference lives as long as the program.
[[nodiscard]] const Clock& system_clock();

/// A clock that moves only when told to; both its wall and its steady time advance together.
class ManualClock : public Clock {
 public:
  explicit ManualClock(UnixMillis start = from_millis(1'700'000'000'000)) : start_(start) {}
  [[nodiscard]] UnixMillis now() const override {
    return start_ + std::chrono::milliseconds(elapsed_ms_.load());
  }
  [[nodiscard]] SteadyTime steady() const override {
    return SteadyTime(std::chrono::hours(1)) + std::chrono::milliseconds(elapsed_ms_.load());
  }
  void advance(std::chrono::milliseconds by) { elapsed_ms_ += by.count(); }

 private:
  UnixMillis start_;
  std::atomic<std::int64_t> elapsed_ms_{0};
};

}  // namespace surveillx
