#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace surveillx::frame {

/// Holds the newest value only: what a slow reader has not taken is replaced and counted. Any
/// number of threads may put, one takes.
template <class T>
class LatestSlot {
 public:
  /// Returns false when it replaced a value that nobody had taken. Ignored after `close`.
  bool put(T value) {
    bool fresh = true;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return true;
      fresh = !value_.has_value();
      if (!fresh) ++dropped_;
      value_.emplace(std::move(value));
    }
    wake_.notify_one();
    return fresh;
  }

  /// Waits for a value; nothing on time-out or once closed.
  [[nodiscard]] std::optional<T> take(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, timeout, [this] { return closed_ || value_.has_value(); });
    return take_locked();
  }
  [[nodiscard]] std::optional<T> try_take() {
    const std::lock_guard lock(mutex_);
    return take_locked();
  }

  [[nodiscard]] bool has_value() const {
    const std::lock_guard lock(mutex_);
    return value_.has_value();
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      value_.reset();
    }
    wake_.notify_all();
  }
  [[nodiscard]] bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::optional<T> take_locked() {
    std::optional<T> taken;
    taken.swap(value_);
    return taken;
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<T> value_;
  std::uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace surveillx::frame
