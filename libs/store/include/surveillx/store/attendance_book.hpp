#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/base/bytes.hpp"
#include "surveillx/domain/types.hpp"
#include "surveillx/store/context.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::store {

enum class DeliveryOutcome {
  recorded,     ///< The sighting was new; the record was created or extended.
  repeated,     ///< Its UUID was known; nothing was changed.
  person_gone,  ///< The person was removed meanwhile (or never existed): dropped for good.
};

struct Delivery {
  DeliveryOutcome outcome = DeliveryOutcome::recorded;
  /// The person's day as it is now; nothing for `person_gone`.
  std::optional<domain::AttendanceRecord> record;
  bool first_of_day = false;  ///< This delivery created the record.
};

struct AttendanceQuery {
  std::string from;  ///< First day, `YYYY-MM-DD`.
  std::string to;    ///< Last day, included.
  std::optional<PersonId> person;
  std::string group;  ///< Exactly this group; empty: all.
};

/// A record that has changed, and what made it.
struct AttendanceChange {
  domain::AttendanceRecord record;
  std::int64_t revision = 0;  ///< `Revisions::attendance` of its last change.
  bool made = false;          ///< It did not exist before.
  bool rebuilt = false;       ///< It was derived anew: times may have become later or earlier.
  std::optional<CameraId> camera;  ///< Of its first sighting when `made`, else of its last.
};

struct SightingsQuery {
  std::optional<PersonId> person;
  std::optional<CameraId> camera;
  UnixMillis begin{};  ///< From here
  UnixMillis end{};    ///< up to, not including, here.
  std::size_t limit = 200;
};

struct StoredSighting {
  domain::Sighting sighting;
  std::string person;  ///< Name at the time of reading.
  bool has_snapshot = false;
};

/// Sightings and the attendance records derived from them.
class AttendanceBook {
 public:
  explicit AttendanceBook(ContextPtr context) : context_(std::move(context)) {}

  /// In one transaction: stores the sighting and its snapshot if the UUID is new, and updates the
  /// record of the person's local day: the site's, or by `fallback` while no zone is written down
  /// (SiteZone). Called by media's outbox drainer only. `sealed_snapshot` comes from `seal_snapshot`
  /// and may be empty. `clock_epoch`: see Clocks.
  [[nodiscard]] Result<Delivery> deliver(const domain::Sighting& sighting, ByteView sealed_snapshot,
                                         const attendance::TimeZone& fallback,
                                         std::string_view clock_epoch = {});
  /// By day, then first seen. Errors: `bad_day`; `invalid_argument` when `from` is after `to`.
  [[nodiscard]] Result<std::vector<domain::AttendanceRecord>> records(const AttendanceQuery& query);
  [[nodiscard]] Result<std::vector<domain::AttendanceRecord>> records_of_day(
      const std::string& day);
  /// The records that changed after `revision`, in the order of their changes. A change in a
  /// transaction that commits later has a higher number, so nobody who asks on from the highest
  /// number seen misses one.
  [[nodiscard]] Result<std::vector<AttendanceChange>> changed_since(std::int64_t revision,
                                                                    std::size_t limit = 1'000);
  /// Newest first.
  [[nodiscard]] Result<std::vector<StoredSighting>> sightings(const SightingsQuery& query);
  /// The picture (JPEG). Errors: `not_found`, `wrong_key`, `seal_broken`.
  [[nodiscard]] Result<Bytes> snapshot(const SightingId& id);

 private:
  ContextPtr context_;
};

/// How a sighting's JPEG is sealed before it goes into the outbox and on to the database.
[[nodiscard]] Bytes seal_snapshot(const crypto::KeyRing& keys, const SightingId& id, ByteView jpeg);

}  // namespace surveillx::store
