#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace surveillx {

/// A door in front of callbacks that other threads make. Disconnecting a signal or removing a probe
/// does not wait for a handler that is running at this moment; `close` does: once it has returned
/// true, no call that passes through this gate runs or will run. Thread-safe.
class Gate {
 public:
  /// Held while a call runs; false when the gate is closed.
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_;
  };

  [[nodiscard]] Pass enter();
  /// Refuses new calls and waits for those of other threads; a call that closes its own gate does
  /// not wait for itself. False when one was still running after `limit`: its thread is stuck.
  bool close(std::chrono::milliseconds limit = std::chrono::seconds(5));
  [[nodiscard]] bool closed() const;

 private:
  void leave();

  mutable std::mutex mutex_;
  std::condition_variable left_;
  std::vector<std::thread::id> inside_;
  bool closed_ = false;
};

}  // namespace surveillx
