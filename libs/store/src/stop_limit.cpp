#include "surveillx/store/stop_limit.hpp"

#include "surveillx/base/log.hpp"

#include <utility>

namespace surveillx::store {

StopLimit::StopLimit(std::shared_ptr<Database> database, std::chrono::milliseconds limit) {
  if (!database) return;
  thread_ = std::thread([this, database = std::move(database), limit] {
    std::unique_lock lock(mutex_);
    if (stopped_in_time_.wait_for(lock, limit, [this] { return stopped_; })) return;
    log::warn("database.abandoned", {{"database", database->describe()}});
    database->abandon();
  });
}

StopLimit::~StopLimit() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopped_in_time_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace surveillx::store
