#include "database_health.hpp"

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {

DatabaseHealth::DatabaseHealth(telemetry::Metrics& metrics)
    : up_(metrics.gauge("media_database_up", "1 while the database answers")) {}

void DatabaseHealth::note(Asker asker, const Result<void>& done) {
  const std::lock_guard lock(mutex_);
  const unsigned before = failing_;
  const auto bit = static_cast<unsigned>(asker);
  failing_ = done ? failing_ & ~bit : failing_ | bit;
  up_.set(failing_ == 0 ? 1 : 0);
  if (before == 0 && failing_ != 0) {
    log::error("media.database_failed", {{"error", done.error().name.text()},
                                         {"detail", done.error().message}});
  } else if (before != 0 && failing_ == 0) {
    log::info("media.database_works_again");
  }
}

}  // namespace surveillx::mediaserver
