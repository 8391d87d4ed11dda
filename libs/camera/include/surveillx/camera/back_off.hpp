#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace surveillx::camera {

/// How long to wait before the next try: doubles from `first` to `longest`, each wait up to
/// `jitter` shorter or longer, so that cameras do not return in step after an outage.
class BackOff {
 public:
  struct Options {
    std::chrono::milliseconds first{1'000};
    std::chrono::milliseconds longest{15'000};
    double jitter = 0.2;  ///< Part of the wait, 0..1.
  };
  explicit BackOff(Options options, std::uint32_t seed = std::random_device{}())
      : options_(options), next_(options.first), random_(seed) {}

  [[nodiscard]] std::chrono::milliseconds next();
  /// After a success.
  void reset() { next_ = options_.first; }

 private:
  Options options_;
  std::chrono::milliseconds next_;
  std::minstd_rand random_;
};

}  // namespace surveillx::camera
