#include "surveillx/base/gate.hpp"

#include <algorithm>

namespace surveillx {

Gate::Pass Gate::enter() {
  const std::lock_guard lock(mutex_);
  if (closed_) return Pass(nullptr);
  inside_.push_back(std::this_thread::get_id());
  return Pass(this);
}

void Gate::leave() {
  {
    const std::lock_guard lock(mutex_);
    const auto mine = std::find(inside_.begin(), inside_.end(), std::this_thread::get_id());
    if (mine != inside_.end()) inside_.erase(mine);
    // Notified under the lock: once `close` returns, its caller may destroy the gate.
    left_.notify_all();
  }
}

bool Gate::close(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  const auto self = std::this_thread::get_id();
  return left_.wait_for(lock, limit, [&] {
    return std::all_of(inside_.begin(), inside_.end(),
                       [self](std::thread::id id) { return id == self; });
  });
}

bool Gate::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace surveillx
