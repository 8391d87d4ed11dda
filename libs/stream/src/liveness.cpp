#include "surveillx/stream/liveness.hpp"

#include <algorithm>

namespace surveillx::stream {
namespace {

constexpr std::chrono::seconds kRateWindow{2};

}  // namespace

void Liveness::frame(SteadyTime now) {
  any_ = true;
  last_ = now;
  recent_.push_back(now);
  while (now - recent_.front() > kRateWindow) recent_.pop_front();
}

Liveness::Verdict Liveness::look(SteadyTime now) const {
  const auto since = any_ ? last_ : started_;
  const auto quiet = std::chrono::duration_cast<std::chrono::milliseconds>(now - since);
  Verdict verdict;
  verdict.quiet = quiet;
  verdict.over = quiet >= limits_.end_after;
  if (any_) {
    verdict.state = quiet >= limits_.offline_after ? domain::CameraState::offline
                    : quiet >= limits_.stale_after ? domain::CameraState::stale
                                                   : domain::CameraState::live;
  }
  verdict.next = SteadyTime::max();
  for (const auto limit : {limits_.stale_after, limits_.offline_after, limits_.end_after}) {
    if (since + limit > now) verdict.next = std::min(verdict.next, since + limit);
  }
  return verdict;
}

double Liveness::fps(SteadyTime now) const {
  const auto first = std::find_if(recent_.begin(), recent_.end(),
                                  [now](SteadyTime t) { return now - t <= kRateWindow; });
  const auto count = recent_.end() - first;
  if (count < 2) return 0;
  const std::chrono::duration<double> span = recent_.back() - *first;
  return span.count() > 0 ? static_cast<double>(count - 1) / span.count() : 0;
}

}  // namespace surveillx::stream
