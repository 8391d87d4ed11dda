#include "clock_watch.hpp"

#include <utility>

#include "surveillx/base/id.hpp"

namespace surveillx::mediaserver {
namespace {

using std::chrono::milliseconds;

/// A clock that is set more often than this within a process is beyond repair.
constexpr std::size_t kMaxEpochs = 64;

milliseconds base_of(UnixMillis wall, SteadyTime steady) {
  return wall.time_since_epoch() -
         std::chrono::duration_cast<milliseconds>(steady.time_since_epoch());
}

}  // namespace

ClockWatch::ClockWatch(const Clock& clock) : clock_(clock) {
  epochs_.push_back({new_uuid(), base_of(clock_.now(), clock_.steady())});
}

std::optional<ClockWatch::Step> ClockWatch::look() {
  const std::lock_guard lock(mutex_);
  look_locked();
  return std::exchange(untold_, std::nullopt);
}

milliseconds ClockWatch::look_locked() {
  const UnixMillis wall = clock_.now();
  const SteadyTime steady = clock_.steady();
  const milliseconds base = base_of(wall, steady);
  Epoch& current = epochs_.back();
  const milliseconds by = base - current.base;
  if (std::chrono::abs(by) < kStep) {
    current.base = base;
  } else {
    epochs_.push_back({new_uuid(), base});
    if (epochs_.size() > kMaxEpochs) epochs_.pop_front();
    if (!untold_) untold_ = Step{milliseconds(0), wall - by, wall};
    untold_->by += by;
    untold_->to = wall;
  }
  return std::chrono::duration_cast<milliseconds>(steady.time_since_epoch());
}

std::string ClockWatch::epoch_of(UnixMillis at) {
  const std::lock_guard lock(mutex_);
  const milliseconds steady = look_locked();
  // That whose clock would say now what is nearest; of equals the latest.
  const Epoch* nearest = &epochs_.back();
  const auto distance = [&](const Epoch& epoch) {
    return std::chrono::abs(at - UnixMillis(steady + epoch.base));
  };
  for (auto epoch = epochs_.rbegin(); epoch != epochs_.rend(); ++epoch) {
    if (distance(*epoch) < distance(*nearest)) nearest = &*epoch;
  }
  return nearest->id;
}

std::string ClockWatch::current() const {
  const std::lock_guard lock(mutex_);
  return epochs_.back().id;
}

std::vector<store::ClockDoubt> ClockWatch::doubts() const {
  const std::lock_guard lock(mutex_);
  std::vector<store::ClockDoubt> doubts;
  for (const Epoch& epoch : epochs_) {
    if (&epoch == &epochs_.back()) break;
    milliseconds ahead = epoch.base - epochs_.back().base;
    if (std::chrono::abs(ahead) < kStep) ahead = milliseconds(0);
    store::ClockDoubt doubt;
    doubt.epoch = epoch.id;
    doubt.ahead = ahead;
    doubt.noticed_at = clock_.now();
    doubt.reason = "media's clock was set";
    doubts.push_back(std::move(doubt));
  }
  return doubts;
}

}  // namespace surveillx::mediaserver
