#include "derivation.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace surveillx::store {

namespace {

/// One sighting as far as days are concerned.
struct Seen {
  std::string id;
  UnixMillis at{};
  std::string day;  ///< Into which it was counted.
  bool repaired = false;  ///< `at` is believed instead of its own time,
  bool counts = true;     ///< unless no time is.
};

struct Kept {
  attendance::DayRecord record;
  std::int64_t counted = 0;  ///< Of the record's sightings those that are still there.
};

std::vector<Seen> sightings_of(Connection& db, const PersonId& person) {
  std::vector<Seen> all;
  for (const auto& row : db.query(5,
                                  "select s.id, s.seen_at, s.day, x.sighting_id, x.believed_at"
                                  " from sighting s left join sighting_repair x"
                                  " on x.sighting_id = s.id where s.person_id = :person"
                                  " order by s.seen_at, s.id",
                                  {{"person", person}})) {
    Seen seen{.id = row.text(0), .at = row.time(1), .day = row.text(2)};
    seen.repaired = !row.null(3);
    seen.counts = !seen.repaired || !row.null(4);
    if (seen.repaired && seen.counts) seen.at = row.time(4);
    all.push_back(std::move(seen));
  }
  return all;
}

std::map<std::string, Kept> records_of(Connection& db, const PersonId& person) {
  std::map<std::string, Kept> records;
  for (const auto& row : db.query(4,
                                  "select day, first_seen, last_seen, sightings"
                                  " from attendance_record where person_id = :person",
                                  {{"person", person}})) {
    records[row.text(0)].record = {.person_id = person,
                                   .day = row.text(0),
                                   .first_seen = row.time(1),
                                   .last_seen = row.time(2),
                                   .sightings = row.integer(3),
                                   .status = domain::AttendanceStatus::present};
  }
  return records;
}

/// Runs of neighbours that move to the same day are moved together.
std::int64_t move_days(Connection& db, const PersonId& person, const std::vector<Seen>& sightings,
                       const std::vector<std::string>& days) {
  std::int64_t moved = 0;
  for (std::size_t i = 0; i < sightings.size();) {
    std::size_t end = i + 1;
    if (sightings[i].repaired) {  // Its own time is not that of its day.
      if (sightings[i].day != days[i]) {
        moved += db.execute("update sighting set day = :day where id = :id",
                            {{"day", days[i]}, {"id", sightings[i].id}});
      }
      i = end;
      continue;
    }
    while (end < sightings.size() && days[end] == days[i] && !sightings[end].repaired) ++end;
    const bool any = std::any_of(sightings.begin() + static_cast<std::ptrdiff_t>(i),
                                 sightings.begin() + static_cast<std::ptrdiff_t>(end),
                                 [&](const Seen& seen) { return seen.day != days[i]; });
    if (any) {
      moved += db.execute(
          "update sighting set day = :day where person_id = :person and seen_at >= :begin_at"
          " and seen_at <= :end_at and day <> :same_day and not exists"
          " (select 1 from sighting_repair x where x.sighting_id = sighting.id)",
          {{"day", days[i]},
           {"person", person},
           {"begin_at", sightings[i].at},
           {"end_at", sightings[end - 1].at},
           {"same_day", days[i]}});
    }
    i = end;
  }
  return moved;
}

void merge(attendance::DayRecord& into, const attendance::DayRecord& other, std::int64_t more) {
  into.first_seen = std::min(into.first_seen, other.first_seen);
  into.last_seen = std::max(into.last_seen, other.last_seen);
  into.sightings += more;
}

}  // namespace

void store_record(Connection& db, const attendance::DayRecord& record) {
  // The revision's row is locked by this transaction: see `bump`.
  db.execute(
      "insert into attendance_record (person_id, day, first_seen, last_seen, sightings, status,"
      " changed, made) values (:person, :day, :first_seen, :last_seen, :sightings, :status,"
      " (select attendance from revision where id = 1),"
      " (select attendance from revision where id = 1))"
      " on conflict (person_id, day) do update set first_seen = excluded.first_seen,"
      " last_seen = excluded.last_seen, sightings = excluded.sightings,"
      " changed = excluded.changed",
      {{"person", record.person_id},
       {"day", record.day},
       {"first_seen", record.first_seen},
       {"last_seen", record.last_seen},
       {"sightings", record.sightings},
       {"status", domain::to_string(record.status)}});
}

std::optional<std::string> setting_in(Connection& db, std::string_view name) {
  const auto row = db.first(1, "select value from setting where name = :name", {{"name", name}});
  return row ? std::optional(row->text(0)) : std::nullopt;
}

void put_setting(Connection& db, std::string_view name, std::string_view value) {
  db.execute(
      "insert into setting (name, value) values (:name, :value)"
      " on conflict (name) do update set value = excluded.value",
      {{"name", name}, {"value", value}});
}

void drop_setting(Connection& db, std::string_view name) {
  db.execute("delete from setting where name = :name", {{"name", name}});
}

Result<attendance::TimeZone> zone_in(Connection& db, const attendance::TimeZone& otherwise) {
  const auto name = setting_in(db, kZoneSetting);
  if (!name || *name == otherwise.name()) return otherwise;
  auto zone = attendance::TimeZone::find(*name);
  // It says nothing about a sighting: tzdata has to be installed or brought up to date.
  if (!zone) return Error{kUnavailable, "the site's " + zone.error().message};
  return zone;
}

Derived derive_person(Connection& db, const PersonId& person, const attendance::TimeZone& zone) {
  // As in `deliver`: waits for a delivery of this person and makes the next one wait.
  db.query(1, "select id from person where id = :id {for update}", {{"id", person}});
  const auto sightings = sightings_of(db, person);
  auto present = records_of(db, person);
  std::vector<std::string> days;
  days.reserve(sightings.size());
  std::map<std::string, attendance::DayRecord> derived;
  for (const auto& seen : sightings) {
    if (const auto counted = present.find(seen.day); counted != present.end()) {
      ++counted->second.counted;
    }
    days.push_back(zone.local_day(seen.at));
    if (!seen.counts) continue;
    const attendance::DayRecord one{.person_id = person,
                                    .day = days.back(),
                                    .first_seen = seen.at,
                                    .last_seen = seen.at,
                                    .sightings = 1,
                                    .status = domain::AttendanceStatus::present};
    if (const auto [at, made] = derived.emplace(days.back(), one); !made) merge(at->second, one, 1);
  }
  for (const auto& [day, kept] : present) {
    const std::int64_t beyond = kept.record.sightings - kept.counted;
    if (beyond <= 0 && kept.record.sightings > 0) continue;
    const auto [at, made] = derived.emplace(day, kept.record);
    if (made) {
      at->second.sightings = std::max<std::int64_t>(0, beyond);
    } else {
      merge(at->second, kept.record, std::max<std::int64_t>(0, beyond));
    }
  }

  Derived result{.sightings = static_cast<std::int64_t>(sightings.size()),
                 .moved = move_days(db, person, sightings, days),
                 .records = static_cast<std::int64_t>(derived.size())};
  for (const auto& [day, record] : derived) {
    const auto before = present.find(day);
    if (before != present.end() && before->second.record == record) continue;
    store_record(db, record);
    db.execute(
        "update attendance_record set rebuilt = changed where person_id = :person and day = :day",
        {{"person", record.person_id}, {"day", record.day}});
  }
  for (const auto& [day, kept] : present) {
    if (derived.contains(day)) continue;
    db.execute("delete from attendance_record where person_id = :person and day = :day",
               {{"person", person}, {"day", day}});
  }
  return result;
}

}  // namespace surveillx::store
