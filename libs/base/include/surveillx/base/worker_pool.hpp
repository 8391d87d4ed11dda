#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace surveillx {

/// A fixed number of threads and a bounded queue for blocking work (SQL, files, inference).
/// `try_post` never waits. Jobs must not throw; one that does is logged and counted as done.
/// The destructor drops what has not started and joins what has.
class WorkerPool {
 public:
  WorkerPool(std::string name, std::size_t threads, std::size_t max_queued);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when the queue is full or the pool is stopping: the caller answers "busy".
  [[nodiscard]] bool try_post(std::function<void()> job);
  /// For what frees what earlier jobs have made, so that the number of those bounds these: takes the
  /// job also when the queue is full. False when the pool is stopping.
  [[nodiscard]] bool post_cleanup(std::function<void()> job);
  /// Waits until no job is queued or running; false when `timeout` has passed first.
  [[nodiscard]] bool wait_idle(std::chrono::milliseconds timeout);
  /// Refuses new jobs, drops queued ones, waits for running ones. May be called twice.
  void stop();

 private:
  [[nodiscard]] bool post(std::function<void()> job, std::size_t max_queued);
  void run();

  std::string name_;
  std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::size_t running_ = 0;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace surveillx
