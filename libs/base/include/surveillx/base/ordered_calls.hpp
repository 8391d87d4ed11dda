#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace surveillx {

/// Runs jobs one after another in the order they were posted, on whichever posting thread comes
/// first, and never under a lock. This keeps "stale" and "live" of two threads in order without a
/// thread of its own.
class OrderedCalls {
 public:
  void post(std::function<void()> job) {
    push(std::move(job));
    flush();
  }
  /// Queues without running, for callers that hold a lock; they `flush` when they no longer do.
  void push(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  void flush() {
    std::unique_lock lock(mutex_);
    if (!held_ && !running_) run(lock);
  }
  /// While held, jobs are kept back; they run at `release`. Used to let the answer go first.
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  /// Puts `first` before everything kept back and lets all of it go.
  void release(std::function<void()> first) {
    std::unique_lock lock(mutex_);
    jobs_.push_front(std::move(first));
    held_ = false;
    if (!running_) run(lock);
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    jobs_.clear();
  }

 private:
  void run(std::unique_lock<std::mutex>& lock) {
    running_ = true;
    while (!jobs_.empty() && !held_) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
    running_ = false;
  }

  std::mutex mutex_;
  std::deque<std::function<void()>> jobs_;
  bool held_ = false;
  bool running_ = false;
};

}  // namespace surveillx
