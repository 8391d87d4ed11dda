#include "surveillx/attendance/rules.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace surveillx::attendance {

DayRecord with_sighting(const std::optional<DayRecord>& before, const domain::Sighting& sighting,
                        const TimeZone& zone) {
  if (!before) {
    return {.person_id = sighting.person_id,
            .day = zone.local_day(sighting.at),
            .first_seen = sighting.at,
            .last_seen = sighting.at,
            .sightings = 1,
            .status = domain::AttendanceStatus::present};
  }
  DayRecord after = *before;
  after.first_seen = std::min(after.first_seen, sighting.at);
  after.last_seen = std::max(after.last_seen, sighting.at);
  ++after.sightings;
  return after;
}

std::vector<DayRecord> derive(std::span<const domain::Sighting> sightings, const TimeZone& zone) {
  std::unordered_set<SightingId> counted;
  std::map<std::pair<std::string, PersonId>, DayRecord> records;
  for (const auto& sighting : sightings) {
    if (!counted.insert(sighting.id).second) continue;
    const auto key = std::pair(zone.local_day(sighting.at), sighting.person_id);
    const auto found = records.find(key);
    records.insert_or_assign(
        key, with_sighting(found == records.end() ? std::nullopt : std::optional(found->second),
                           sighting, zone));
  }
  std::vector<DayRecord> out;
  out.reserve(records.size());
  for (auto& [key, record] : records) out.push_back(std::move(record));
  return out;
}

}  // namespace surveillx::attendance
