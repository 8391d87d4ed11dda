#include "surveillx/store/clocks.hpp"

#include "surveillx/base/log.hpp"

#include "derivation.hpp"

#include <algorithm>

namespace surveillx::store {

namespace {

/// The sightings `s` of the doubt `d` that nobody has repaired.
constexpr const char* kOpen =
    " s.clock_epoch = d.epoch and s.seen_at >= d.begins_at and s.seen_at <= d.ends_at"
    " and not exists (select 1 from sighting_repair x where x.sighting_id = s.id)";
constexpr std::int64_t kEver = 253'402'300'800'000;  // Year 10000; a sighting is before it.

std::optional<UnixMillis> server_now(Connection& db) {
  if (db.kind() != DatabaseKind::postgresql) return std::nullopt;
  const auto row = db.first(
      1, "select cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)");
  return row->time(0);
}

}  // namespace

Result<void> Clocks::note(const std::vector<ClockDoubt>& doubts) {
  return write(context_, [&](Connection& db) -> Result<void> {
    for (const auto& doubt : doubts) {
      if (doubt.ahead == std::chrono::milliseconds(0)) {
        db.execute("delete from clock_doubt where epoch = :epoch", {{"epoch", doubt.epoch}});
        continue;
      }
      const Param ahead = doubt.ahead ? Param("ahead", std::int64_t{doubt.ahead->count()})
                                      : Param("ahead", std::nullopt);
      db.execute(
          "insert into clock_doubt (epoch, begins_at, ends_at, ahead_ms, noticed_at, reason)"
          " values (:epoch, 0, :ever, cast(:ahead as bigint), :noticed, :reason)"
          " on conflict (epoch) do update set ahead_ms = excluded.ahead_ms,"
          " reason = excluded.reason",
          {{"epoch", doubt.epoch},
           {"ever", kEver},
           ahead,
           {"noticed", doubt.noticed_at},
           {"reason", doubt.reason}});
    }
    return {};
  });
}

Result<std::int64_t> Clocks::mark_future() {
  return write(context_, [&](Connection& db) -> Result<std::int64_t> {
    const UnixMillis ours = context_->clock->now();
    const UnixMillis now = std::min(ours, server_now(db).value_or(ours));
    std::int64_t marked = 0;
    for (const auto& row :
         db.query(4,
                  "select s.clock_epoch, count(*), min(s.seen_at), max(s.seen_at) from sighting s"
                  " where s.seen_at > :now and not exists"
                  " (select 1 from clock_doubt d where d.epoch = s.clock_epoch"
                  " and s.seen_at >= d.begins_at and s.seen_at <= d.ends_at)"
                  " and not exists (select 1 from sighting_repair x where x.sighting_id = s.id)"
                  " group by s.clock_epoch",
                  {{"now", now + kTolerance}})) {
      const std::string epoch = row.text(0);
      marked += row.integer(1);
      // All that its process made is as wrong as what shows; of an unknown one only what shows.
      db.execute(
          "insert into clock_doubt (epoch, begins_at, ends_at, ahead_ms, noticed_at, reason)"
          " values (:epoch, :begins, :ends, null, :noticed, :reason)"
          " on conflict (epoch) do update set"
          " begins_at = case when excluded.begins_at < clock_doubt.begins_at"
          " then excluded.begins_at else clock_doubt.begins_at end,"
          " ends_at = case when excluded.ends_at > clock_doubt.ends_at"
          " then excluded.ends_at else clock_doubt.ends_at end",
          {{"epoch", epoch},
           {"begins", epoch.empty() ? row.integer(2) : std::int64_t{0}},
           {"ends", epoch.empty() ? row.integer(3) : kEver},
           {"noticed", now},
           {"reason", "in the future when they were looked at"}});
    }
    return marked;
  });
}

Result<std::optional<std::chrono::milliseconds>> Clocks::ahead_of_database() {
  using Ahead = std::optional<std::chrono::milliseconds>;
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<Ahead> {
    const UnixMillis before = context_->clock->now();
    const auto theirs = server_now(db);
    if (!theirs) return Ahead();
    const UnixMillis after = context_->clock->now();
    return Ahead(before + (after - before) / 2 - *theirs);
  });
}

Result<std::vector<ClockDoubt>> Clocks::list() {
  using Doubts = std::vector<ClockDoubt>;
  return run(*context_->database, Mode::single, [](Connection& db) -> Result<Doubts> {
    Doubts doubts;
    for (const auto& row :
         db.query(8,
                  std::string("select d.epoch, d.ahead_ms, d.noticed_at, d.reason, count(*),"
                              " min(s.seen_at), max(s.seen_at),"
                              " (select count(*) from sighting_repair y join sighting t"
                              " on t.id = y.sighting_id where t.clock_epoch = d.epoch)"
                              " from clock_doubt d join sighting s on") +
                      kOpen +
                      " group by d.epoch, d.ahead_ms, d.noticed_at, d.reason"
                      " order by d.noticed_at, d.epoch")) {
      ClockDoubt doubt{.epoch = row.text(0),
                       .ahead = std::nullopt,
                       .noticed_at = row.time(2),
                       .reason = row.text(3),
                       .open = row.integer(4),
                       .repaired = row.integer(7),
                       .first = row.time(5),
                       .last = row.time(6)};
      if (!row.null(1)) doubt.ahead = std::chrono::milliseconds(row.integer(1));
      doubts.push_back(std::move(doubt));
    }
    return doubts;
  });
}

Result<ClockRepair> Clocks::repair(const std::string& epoch,
                                   std::optional<std::chrono::milliseconds> by,
                                   const attendance::TimeZone& fallback) {
  const UnixMillis now = context_->clock->now();
  const auto done = write(context_, [&](Connection& db) -> Result<ClockRepair> {
    bump(db, Revised::attendance);
    const auto zone = zone_in(db, fallback);
    if (!zone) return zone.error();
    if (!db.first(1, "select epoch from clock_doubt where epoch = :epoch", {{"epoch", epoch}})) {
      return Error{kNotFound, "no clock of that name is in doubt"};
    }
    std::vector<PersonId> people;
    for (const auto& row :
         db.query(1,
                  std::string("select distinct s.person_id from clock_doubt d join sighting s on") +
                      kOpen + " where d.epoch = :epoch order by s.person_id",
                  {{"epoch", epoch}})) {
      people.push_back(row.id<PersonId>(0));
    }
    const std::string believed =
        by ? "s.seen_at - cast(:by_ms as bigint)" : "cast(null as bigint)";
    const std::string sql = "insert into sighting_repair (sighting_id, believed_at, repaired_at)"
                            " select s.id, " + believed +
                            ", cast(:now as bigint) from clock_doubt d join sighting s on" + kOpen +
                            " where d.epoch = :epoch";
    const std::int64_t sightings =
        by ? db.execute(sql, {{"by_ms", std::int64_t{by->count()}}, {"now", now}, {"epoch", epoch}})
           : db.execute(sql, {{"now", now}, {"epoch", epoch}});
    for (const auto& person : people) (void)derive_person(db, person, *zone);
    return ClockRepair{.sightings = sightings,
                       .people = static_cast<std::int64_t>(people.size())};
  });
  if (done && done->sightings > 0) {
    log::warn("attendance.clock_repaired",
              {{"epoch", epoch},
               {"sightings", done->sightings},
               {"people", done->people},
               {"by_seconds", by ? std::to_string(by->count() / 1000) : "left out"}});
  }
  return done;
}

}  // namespace surveillx::store
