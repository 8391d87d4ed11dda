#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"

#include <chrono>
#include <deque>

namespace surveillx::stream {

/// After how long without a frame a camera is called what.
struct LivenessLimits {
  std::chrono::milliseconds stale_after{2'000};
  std::chrono::milliseconds offline_after{5'000};
  std::chrono::milliseconds end_after{10'000};  ///< Also from the start.
};

/// How alive a stream of frames is: its state by the time since the last one, and its rate. Free of
/// threads and timers: times come in.
class Liveness {
 public:
  explicit Liveness(LivenessLimits limits) : limits_(limits) {}

  void begin(SteadyTime now) { started_ = now; }
  void frame(SteadyTime now);

  struct Verdict {
    domain::CameraState state = domain::CameraState::connecting;
    bool over = false;  ///< Nothing for `end_after`.
    std::chrono::milliseconds quiet{0};
    SteadyTime next{};  ///< When this changes if nothing comes.
  };
  [[nodiscard]] Verdict look(SteadyTime now) const;
  /// Frames a second over the last two.
  [[nodiscard]] double fps(SteadyTime now) const;

 private:
  LivenessLimits limits_;
  SteadyTime started_{};
  SteadyTime last_{};
  bool any_ = false;
  std::deque<SteadyTime> recent_;
};

}  // namespace surveillx::stream
