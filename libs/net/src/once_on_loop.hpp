#pragma once

#include "asio.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace surveillx::net {

/// Something that is said once, on any thread, perhaps after who listens, its server and even the
/// loop are gone: handed out as a shared_ptr, and said for its holders when the last of them forgot
/// it. `Target` hears it on the loop.
template <class Target>
class OnceOnLoop {
 public:
  OnceOnLoop(std::weak_ptr<LoopCore> loop, std::weak_ptr<Target> target)
      : loop_(std::move(loop)), target_(std::move(target)) {}
  OnceOnLoop(const OnceOnLoop&) = delete;
  OnceOnLoop& operator=(const OnceOnLoop&) = delete;

  /// Runs `act(Target&)` on the loop, never inside this call, unless something was said before.
  template <class Act>
  void say(Act act) {
    if (said_.exchange(true)) return;
    post_if_alive(loop_, [target = target_, act = std::move(act)]() mutable {
      if (const auto there = target.lock()) act(*there);
    });
  }

 protected:
  ~OnceOnLoop() = default;

 private:
  std::weak_ptr<LoopCore> loop_;
  std::weak_ptr<Target> target_;
  std::atomic<bool> said_{false};
};

}  // namespace surveillx::net
