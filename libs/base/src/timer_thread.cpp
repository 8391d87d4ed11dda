#include "surveillx/base/timer_thread.hpp"

#include "surveillx/base/worker_pool.hpp"

#include <pthread.h>
#include <thread>
#include <utility>

namespace surveillx {

TimerThread& TimerThread::instance() {
  // Never destroyed, so that a job that runs while the process ends finds its mutex.
  static TimerThread& instance = *new TimerThread;
  return instance;
}

TimerThread::TimerThread() {
  std::thread([this] { run(); }).detach();
}

void TimerThread::at(SteadyTime when, std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  const auto added = jobs_.emplace(when, std::move(job));
  if (added == jobs_.begin()) wake_.notify_one();
}

void TimerThread::run() {
  pthread_setname_np(pthread_self(), "timer");
  std::unique_lock lock(mutex_);
  for (;;) {
    if (jobs_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto next = jobs_.begin()->first;
    if (next > std::chrono::steady_clock::now()) {
      wake_.wait_until(lock, next);
      continue;
    }
    auto job = std::move(jobs_.extract(jobs_.begin()).mapped());
    lock.unlock();
    job();
    job = nullptr;  // May hold the last reference to a session: release it without our lock.
    lock.lock();
  }
}

void aside(std::function<void()> call) {
  static WorkerPool& pool = *new WorkerPool("aside", 2, 1'024);
  // A full queue means that both threads hang; what is dropped here is asked for again in a second.
  (void)pool.try_post(std::move(call));
}

void aside_after(std::chrono::milliseconds delay, std::function<void()> call) {
  TimerThread::instance().at(std::chrono::steady_clock::now() + delay,
                             [call = std::move(call)]() mutable { aside(std::move(call)); });
}

}  // namespace surveillx
