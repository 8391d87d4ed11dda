#include "surveillx/store/outbox_drainer.hpp"

#include "surveillx/base/log.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace surveillx::store {

namespace {

/// Failures that say nothing about the entry: waiting is right.
bool database_is_away(const Error& error) {
  constexpr std::array kAway{kDatabaseUnavailable, kSchemaTooOld, kSchemaTooNew, kUnavailable,
                             kTimeout};
  return std::any_of(kAway.begin(), kAway.end(), [&](ErrorName name) { return error.is(name); });
}

}  // namespace

OutboxDrainer::OutboxDrainer(std::shared_ptr<Outbox> outbox, Deliver deliver,
                             OnDelivered on_delivered, DrainerOptions options)
    : outbox_(std::move(outbox)),
      deliver_(std::move(deliver)),
      on_delivered_(std::move(on_delivered)),
      options_(options) {}

OutboxDrainer::OutboxDrainer(std::shared_ptr<Outbox> outbox, AttendanceBook book,
                             attendance::TimeZone zone, OnDelivered on_delivered,
                             DrainerOptions options)
    : OutboxDrainer(
          std::move(outbox),
          [book = std::move(book), zone = std::move(zone)](const OutboxEntry& entry) mutable {
            return book.deliver(entry.sighting, entry.sealed_snapshot, zone);
          },
          std::move(on_delivered), options) {}

OutboxDrainer::~OutboxDrainer() { stop(); }

void OutboxDrainer::start() {
  thread_ = std::thread([this] { run(); });
}

void OutboxDrainer::notify() {
  {
    const std::lock_guard lock(mutex_);
    notified_ = true;
  }
  wake_.notify_one();
}

void OutboxDrainer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void OutboxDrainer::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      notified_ = false;
    }
    const auto wait = step();
    std::unique_lock lock(mutex_);
    // While the database is away a new entry is no reason to ask it sooner.
    wake_.wait_for(lock, wait, [&] { return stopping_ || (notified_ && !stats_.database_down); });
  }
}

std::chrono::milliseconds OutboxDrainer::back_off() {
  wait_ = wait_.count() == 0 ? options_.first_wait : std::min(wait_ * 2, options_.longest_wait);
  return wait_;
}

std::chrono::milliseconds OutboxDrainer::step() {
  const auto entries = outbox_->peek(options_.batch);
  if (!entries) {
    log::error("outbox.unreadable", {{"reason", entries.error().message}});
    return back_off();
  }
  if (entries->empty()) {
    wait_ = std::chrono::milliseconds(0);
    return options_.longest_wait;
  }

  // Delivered entries are forgotten together, with one fsync. When that is lost, they are delivered
  // again and found to be repeated.
  std::vector<std::int64_t> done;
  std::optional<Error> away;
  bool put_off = false;
  for (const auto& entry : *entries) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    const auto delivered = deliver_(entry);
    if (!delivered) {
      const Error& error = delivered.error();
      if (database_is_away(error)) {
        away = error;
        break;
      }
      if (error.is(kInvalidArgument) || ++failed_attempts_[entry.sequence] >= options_.attempts) {
        if (auto moved = outbox_->set_aside(entry.sequence, error.message); !moved) {
          log::error("outbox.unwritable", {{"reason", moved.error().message}});
          put_off = true;
          continue;
        }
        failed_attempts_.erase(entry.sequence);
        log::error("outbox.set_aside",
                   {{"sighting", entry.sighting.id.str()}, {"reason", error.message}});
        const std::lock_guard lock(mutex_);
        ++stats_.dead_lettered;
      } else {
        put_off = true;
        const std::lock_guard lock(mutex_);
        ++stats_.failures;
      }
      continue;
    }
    done.push_back(entry.sequence);
    failed_attempts_.erase(entry.sequence);
    {
      const std::lock_guard lock(mutex_);
      switch (delivered->outcome) {
        case DeliveryOutcome::recorded:
          ++stats_.recorded;
          break;
        case DeliveryOutcome::repeated:
          ++stats_.repeated;
          break;
        case DeliveryOutcome::person_gone:
          ++stats_.person_gone;
          break;
      }
    }
    if (delivered->outcome == DeliveryOutcome::person_gone) {
      log::info("outbox.person_gone", {{"sighting", entry.sighting.id.str()}});
    } else if (on_delivered_) {
      on_delivered_(entry.sighting, *delivered);
    }
  }
  if (auto acknowledged = outbox_->acknowledge(done); !acknowledged) {
    log::error("outbox.unwritable", {{"reason", acknowledged.error().message}});
    return back_off();
  }

  {
    const std::lock_guard lock(mutex_);
    const bool was_down = std::exchange(stats_.database_down, away.has_value());
    if (away) ++stats_.failures;
    if (away && !was_down) {
      log::warn("outbox.database_away", {{"reason", away->message}, {"waiting", outbox_->size()}});
    } else if (!away && was_down) {
      log::info("outbox.database_back", {{"waiting", outbox_->size()}});
    }
  }
  if (away || put_off) return back_off();
  wait_ = std::chrono::milliseconds(0);
  return std::chrono::milliseconds(0);
}

DrainerStats OutboxDrainer::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace surveillx::store
