#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "surveillx/base/clock.hpp"
#include "surveillx/store/clocks.hpp"

namespace surveillx::mediaserver {

/// Notices when the wall clock is set: it then moves differently from the steady one. Between two
/// such steps lies an epoch, in which whatever is wrong with the clock is equally wrong, so that a
/// step tells by how much all epochs before it were. Slewing (NTP's small corrections) is followed.
/// Thread-safe.
class ClockWatch {
 public:
  /// A smaller difference between two looks is no step.
  static constexpr std::chrono::milliseconds kStep{2'000};

  struct Step {
    std::chrono::milliseconds by{};  ///< Positive: set forward.
    UnixMillis from{};               ///< What the clock would have said now.
    UnixMillis to{};                 ///< What it says.
  };

  explicit ClockWatch(const Clock& clock);

  /// The step since the last look, if there was one. Look every half second.
  std::optional<Step> look();
  /// The epoch in which the clock said `at`, a moment of the last seconds.
  [[nodiscard]] std::string epoch_of(UnixMillis at);
  [[nodiscard]] std::string current() const;
  /// Earlier epochs by how wrong they were, if the clock is right now: `ahead` zero where it agrees.
  [[nodiscard]] std::vector<store::ClockDoubt> doubts() const;

 private:
  struct Epoch {
    std::string id;
    std::chrono::milliseconds base{};  ///< Wall minus steady time.
  };
  /// Begins an epoch if it is time to; returns the steady clock's reading.
  std::chrono::milliseconds look_locked();

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<Epoch> epochs_;  ///< The current one last.
  std::optional<Step> untold_;  ///< Noticed, and not returned by `look` yet.
};

}  // namespace surveillx::mediaserver
