#pragma once

#include "surveillx/store/database.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace surveillx::store {

/// For the scope in which a process stops: when that takes longer than `limit`, the database is
/// abandoned, so that a server that has gone silent, or another program's lock, does not keep the
/// process. What is not delivered then waits in the outbox.
class StopLimit {
 public:
  /// Does nothing without a database.
  StopLimit(std::shared_ptr<Database> database, std::chrono::milliseconds limit);
  ~StopLimit();
  StopLimit(const StopLimit&) = delete;
  StopLimit& operator=(const StopLimit&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable stopped_in_time_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace surveillx::store
