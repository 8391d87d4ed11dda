#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "surveillx/base/clock.hpp"

namespace surveillx::mediaserver {

/// By what a thread that waits for the database shows that it is alive: it names each step before it
/// begins it, and how long that may take. Thread-safe; the clock must outlive it.
class FollowerPulse {
 public:
  /// How long one call of the database may take, as store::Database::longest_call says; nothing: for
  /// ever.
  using CallLimit = std::function<std::optional<std::chrono::milliseconds>()>;

  explicit FollowerPulse(CallLimit call_limit, const Clock& clock = system_clock())
      : call_limit_(std::move(call_limit)),
        clock_(clock),
        begun_at_(clock.steady()),
        looked_at_(begun_at_) {}

  /// The step takes no longer than `own` and what at most `calls` of the database may take together.
  /// `step` must be a literal.
  void begin(std::string_view step, std::chrono::milliseconds own, int calls = 0);
  /// What it does now, or that it does nothing, may take as long as it likes.
  void rest(std::string_view step);
  /// It has asked for all that it follows, whatever came of it.
  void looked();

  struct State {
    std::string_view step;
    std::chrono::milliseconds in_step{0};
    std::chrono::milliseconds since_look{0};
    bool overdue = false;  ///< The step takes longer than it may.
  };
  [[nodiscard]] State state() const;

 private:
  struct Step {
    std::string_view name = "not begun";
    std::optional<std::chrono::milliseconds> own;
    int calls = 0;
  };
  void set(Step step);

  const CallLimit call_limit_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  Step step_;
  SteadyTime begun_at_;
  SteadyTime looked_at_;
};

}  // namespace surveillx::mediaserver
