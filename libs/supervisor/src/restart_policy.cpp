#include "surveillx/supervisor/restart_policy.hpp"

#include <algorithm>

namespace surveillx::supervisor {

std::chrono::milliseconds RestartPolicy::died(SteadyTime now) {
  const bool was_healthy = now - started_at_ >= limits_.healthy_after;
  if (was_healthy || next_.count() == 0) next_ = limits_.first;
  const auto wait = next_;
  next_ = std::min(next_ * 2, limits_.longest);
  return wait;
}

}  // namespace surveillx::supervisor
