#include "surveillx/store/outbox_drainer.hpp"

#include "surveillx/base/log.hpp"

#include <algorithm>
#include <array>
#include <exception>
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
            return book.deliver(entry.sighting, entry.sealed_snapshot, zone, entry.clock_epoch);
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
    auto wait = std::chrono::milliseconds(0);
    try {
      wait = step();
    } catch (const std::exception& e) {
      // Memory, most likely. The thread goes on: without it nothing reaches the database any more.
      log::error("outbox.drainer_failed", {{"reason", e.what()}});
      wait = back_off();
    }
    std::unique_lock lock(mutex_);
    // While the database is away a new entry is no reason to ask it sooner.
    wake_.wait_for(lock, wait, [&] { return stopping_ || (notified_ && !stats_.database_down); });
  }
}

std::chrono::milliseconds OutboxDrainer::back_off() {
  wait_ = wait_.count() == 0 ? options_.first_wait : std::min(wait_ * 2, options_.longest_wait);
  return wait_;
}

Result<Delivery> OutboxDrainer::deliver_safely(const OutboxEntry& entry) {
  try {
    return deliver_(entry);
  } catch (const Failure& e) {
    return e.error();
  } catch (const std::exception& e) {
    return Error{kInternal, e.what()};
  } catch (...) {
    return Error{kInternal, "something was thrown that is no exception"};
  }
}

void OutboxDrainer::tell(const domain::Sighting& sighting, const Delivery& delivery) {
  if (!on_delivered_) return;
  try {
    on_delivered_(sighting, delivery);
  } catch (const std::exception& e) {
    log::error("outbox.news_failed", {{"sighting", sighting.id.str()}, {"reason", e.what()}});
  }
}

void OutboxDrainer::count(DeliveryOutcome outcome) {
  const std::lock_guard lock(mutex_);
  switch (outcome) {
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

bool OutboxDrainer::give_up(const OutboxEntry& entry, const Error& error) {
  if (!error.is(kInvalidArgument) && ++failed_attempts_[entry.sequence] < options_.attempts) {
    log::warn("outbox.delivery_failed", {{"sighting", entry.sighting.id.str()},
                                         {"camera", entry.sighting.camera_id.str()},
                                         {"attempt", failed_attempts_[entry.sequence]},
                                         {"reason", error.message}});
    const std::lock_guard lock(mutex_);
    ++stats_.failures;
    return false;
  }
  if (auto moved = outbox_->set_aside(entry.sequence, error.message); !moved) {
    log::error("outbox.unwritable", {{"reason", moved.error().message}});
    return false;
  }
  failed_attempts_.erase(entry.sequence);
  log::error("outbox.set_aside", {{"sighting", entry.sighting.id.str()},
                                  {"camera", entry.sighting.camera_id.str()},
                                  {"reason", error.message},
                                  {"remedy", "surveillx outbox list"}});
  const std::lock_guard lock(mutex_);
  ++stats_.dead_lettered;
  return true;
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
    const auto delivered = deliver_safely(entry);
    if (!delivered) {
      if (database_is_away(delivered.error())) {
        away = delivered.error();
        break;
      }
      put_off = !give_up(entry, delivered.error()) || put_off;
      continue;
    }
    done.push_back(entry.sequence);
    failed_attempts_.erase(entry.sequence);
    count(delivered->outcome);
    if (delivered->outcome == DeliveryOutcome::person_gone) {
      log::info("outbox.person_gone", {{"sighting", entry.sighting.id.str()}});
    } else {
      tell(entry.sighting, *delivered);
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
