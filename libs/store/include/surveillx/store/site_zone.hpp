#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/store/context.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace surveillx::store {

/// The days in the database were counted in another time zone than the configuration names, or
/// deriving them anew was interrupted.
inline constexpr ErrorName kZoneChanged{"zone_changed"};

/// In which zone the site's days are, and whether that can be gone on with.
struct ZoneState {
  attendance::TimeZone zone;
  std::optional<Error> changed;  ///< `zone_changed`, with the command that mends it.
};

struct RezoneReport {
  std::int64_t people = 0;
  std::int64_t sightings = 0;
  std::int64_t moved = 0;  ///< Sightings that belong to another day now.
  std::int64_t records = 0;
};

/// The site's time zone. It belongs to the site and not to a process, since days are stored: it is
/// written down with the first start's value, every delivery counts days in it, and another value in
/// a configuration takes effect by deriving all days anew.
class SiteZone {
 public:
  explicit SiteZone(ContextPtr context) : context_(std::move(context)) {}

  /// For a server's start: writes `configured` down when nothing is, else compares. A value that
  /// was `explicitly` configured and is neither the site's nor the one it started from is a change;
  /// one that merely is the machine's own is not. Errors: `unknown_time_zone`.
  [[nodiscard]] Result<ZoneState> settle(const attendance::TimeZone& configured, bool explicitly);
  /// For commands that read: the same, but changes nothing. The zone is `configured` while none is
  /// written down.
  [[nodiscard]] Result<ZoneState> look(const attendance::TimeZone& configured, bool explicitly);

  /// Told after each portion: people done, and how many there are.
  using Progress = std::function<void(std::int64_t done, std::int64_t all)>;
  /// Makes `zone` the site's and counts every sighting's day anew, a portion of people a
  /// transaction. Interrupted, it goes on where it was; repeated, it changes nothing; two at once
  /// share the work. Deliveries meanwhile count in the new zone. A record that is more than its
  /// sightings (some were erased, or it was entered by hand) is kept; corrections stay as they are.
  [[nodiscard]] Result<RezoneReport> derive_anew(const attendance::TimeZone& zone,
                                                 const Progress& progress = nullptr);

 private:
  ContextPtr context_;
};

}  // namespace surveillx::store
