#pragma once

#include "surveillx/attendance/rules.hpp"
#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/domain/ids.hpp"

#include "sql.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::store {

/// Settings that say in which zone days are counted.
inline constexpr const char* kZoneSetting = "site.timezone";
/// The configuration's value that was last taken over.
inline constexpr const char* kZoneTakenSetting = "site.timezone_configured";
/// While days are derived anew: the last person who is done.
inline constexpr const char* kZoneCursorSetting = "site.timezone_cursor";

[[nodiscard]] std::optional<std::string> setting_in(Connection& db, std::string_view name);
void put_setting(Connection& db, std::string_view name, std::string_view value);
void drop_setting(Connection& db, std::string_view name);

/// The zone in which days are counted at this moment, or `otherwise` when none is written down.
[[nodiscard]] Result<attendance::TimeZone> zone_in(Connection& db,
                                                   const attendance::TimeZone& otherwise);

/// Writes one person's day; the status of a record that is there stays. The caller has bumped
/// `Revised::attendance` in this transaction.
void store_record(Connection& db, const attendance::DayRecord& record);

struct Derived {
  std::int64_t sightings = 0;
  std::int64_t moved = 0;
  std::int64_t records = 0;
};

/// Derives all days of one person anew from what was sighted. The caller has bumped
/// `Revised::attendance` in this transaction. A record that counts more sightings than there are (or
/// none: entered by hand) keeps what it says beyond them, on its day.
[[nodiscard]] Derived derive_person(Connection& db, const PersonId& person,
                                    const attendance::TimeZone& zone);

}  // namespace surveillx::store
