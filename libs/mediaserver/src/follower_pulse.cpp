#include "follower_pulse.hpp"

namespace surveillx::mediaserver {

void FollowerPulse::begin(std::string_view step, std::chrono::milliseconds own, int calls) {
  set({step, own, calls});
}

void FollowerPulse::rest(std::string_view step) { set({step, std::nullopt, 0}); }

void FollowerPulse::set(Step step) {
  const std::lock_guard lock(mutex_);
  step_ = step;
  begun_at_ = clock_.steady();
}

void FollowerPulse::looked() {
  const std::lock_guard lock(mutex_);
  looked_at_ = clock_.steady();
}

FollowerPulse::State FollowerPulse::state() const {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  State state;
  Step step;
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.steady();
    step = step_;
    state.step = step.name;
    state.in_step = duration_cast<milliseconds>(now - begun_at_);
    state.since_look = duration_cast<milliseconds>(now - looked_at_);
  }
  if (!step.own) return state;
  milliseconds limit = *step.own;
  if (step.calls > 0) {
    // Asked for now: a connection that was opened meanwhile may be allowed to take longer.
    const auto call = call_limit_();
    if (!call) return state;
    limit += step.calls * *call;
  }
  state.overdue = state.in_step > limit;
  return state;
}

}  // namespace surveillx::mediaserver
