#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/store/attendance_book.hpp"
#include "surveillx/store/outbox.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace surveillx::store {

struct DrainerOptions {
  std::size_t batch = 32;
  std::chrono::milliseconds first_wait{200};  ///< After a failure; doubles up to `longest_wait`.
  std::chrono::milliseconds longest_wait{10'000};
  /// An entry that fails this often while the database answers goes to the dead letters.
  int attempts = 3;
};

/// Monotonic counters and the state now, for metrics and logs.
struct DrainerStats {
  std::uint64_t recorded = 0;
  std::uint64_t repeated = 0;
  std::uint64_t person_gone = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t failures = 0;  ///< Attempts that were put off.
  bool database_down = false;
};

/// Carries entries from the outbox to the attendance book: idempotent, in order, one at a time.
/// While the database is away it waits longer and longer; an entry that the database refuses, or at
/// which delivery throws whatever it may be, is tried a few times and then set aside with the
/// reason, so that it does not block the rest.
class OutboxDrainer {
 public:
  using Deliver = std::function<Result<Delivery>(const OutboxEntry&)>;
  /// Called on the drainer's thread after the commit, for `recorded` and `repeated` outcomes.
  using OnDelivered = std::function<void(const domain::Sighting&, const Delivery&)>;

  OutboxDrainer(std::shared_ptr<Outbox> outbox, Deliver deliver, OnDelivered on_delivered,
                DrainerOptions options = {});
  /// Delivers into `book`, counting days in `zone`. The book's store must outlive the drainer.
  OutboxDrainer(std::shared_ptr<Outbox> outbox, AttendanceBook book, attendance::TimeZone zone,
                OnDelivered on_delivered, DrainerOptions options = {});
  /// As `stop`.
  ~OutboxDrainer();
  OutboxDrainer(const OutboxDrainer&) = delete;
  OutboxDrainer& operator=(const OutboxDrainer&) = delete;

  /// Starts the thread.
  void start();
  /// Something was appended; cheap, from any thread.
  void notify();
  /// Finishes the entry in hand and joins. What is left waits for the next start. Repeatable.
  void stop();

  /// One batch on the calling thread (not beside `start`): how long to wait before the next; zero
  /// when there may be more, `longest_wait` when the outbox is empty.
  std::chrono::milliseconds step();
  [[nodiscard]] DrainerStats stats() const;

 private:
  void run();
  /// What is thrown becomes an error of this entry.
  Result<Delivery> deliver_safely(const OutboxEntry& entry);
  /// The entry is durable and acknowledged whatever becomes of the news.
  void tell(const domain::Sighting& sighting, const Delivery& delivery);
  void count(DeliveryOutcome outcome);
  /// After a failure that is about the entry: false when it stays for another try.
  bool give_up(const OutboxEntry& entry, const Error& error);
  std::chrono::milliseconds back_off();

  std::shared_ptr<Outbox> outbox_;
  Deliver deliver_;
  OnDelivered on_delivered_;
  DrainerOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool notified_ = false;
  bool stopping_ = false;
  DrainerStats stats_;

  // Used by step() only.
  std::chrono::milliseconds wait_{0};
  std::map<std::int64_t, int> failed_attempts_;
  std::thread thread_;
};

}  // namespace surveillx::store
