#include "surveillx/store/attendance_book.hpp"

#include "surveillx/attendance/rules.hpp"

#include "blobs.hpp"
#include "derivation.hpp"
#include "sql.hpp"
#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace surveillx::store {

namespace {

constexpr std::string_view kRecordColumns =
    "r.person_id, p.name, p.external_id, r.day, r.first_seen, r.last_seen, r.sightings";
constexpr std::size_t kRecordColumnCount = 7;

domain::AttendanceRecord record_of(const Row& row) {
  return {.person_id = row.id<PersonId>(0),
          .person = row.text(1),
          .external_id = row.text(2),
          .day = row.text(3),
          .first_seen = row.time(4),
          .last_seen = row.time(5),
          .sightings = row.integer(6),
          .status = domain::AttendanceStatus::present};
}

std::optional<domain::AttendanceRecord> find_record(Connection& db, const PersonId& person,
                                                    const std::string& day) {
  const auto row = db.first(kRecordColumnCount,
                            "select " + std::string(kRecordColumns) +
                                " from attendance_record r join person p on p.id = r.person_id"
                                " where r.person_id = :person and r.day = :day",
                            {{"person", person}, {"day", day}});
  if (!row) return std::nullopt;
  return record_of(*row);
}

constexpr std::int64_t kLastRevision = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kNoLimit = static_cast<std::size_t>(kLastRevision);

/// Changes numbered above `after` and up to `until`, as somebody sees them who knows `known`.
std::vector<AttendanceChange> changes_between(Connection& db, std::int64_t known,
                                              std::int64_t after, std::int64_t until,
                                              std::size_t limit) {
  std::vector<AttendanceChange> changes;
  for (const auto& row :
       db.query(kRecordColumnCount + 4,
                "select " + std::string(kRecordColumns) +
                    ", r.changed, case when r.made > :made_after then 'yes' else 'no' end,"
                    " case when r.rebuilt > :rebuilt_after then 'yes' else 'no' end,"
                    " (select min(s.camera_id) from sighting s where s.person_id = r.person_id"
                    " and s.seen_at = case when r.made > :camera_after then r.first_seen"
                    " else r.last_seen end)"
                    " from attendance_record r join person p on p.id = r.person_id"
                    " where r.changed > :changed_after and r.changed <= :until"
                    " order by r.changed, r.person_id, r.day limit :max_rows",
                {{"made_after", known},
                 {"rebuilt_after", known},
                 {"camera_after", known},
                 {"changed_after", after},
                 {"until", until},
                 {"max_rows", static_cast<std::int64_t>(limit)}})) {
    AttendanceChange change{.record = record_of(row),
                            .revision = row.integer(kRecordColumnCount),
                            .made = row.text(kRecordColumnCount + 1) == "yes",
                            .rebuilt = row.text(kRecordColumnCount + 2) == "yes",
                            .camera = std::nullopt};
    if (!row.null(kRecordColumnCount + 3)) {
      change.camera = row.id<CameraId>(kRecordColumnCount + 3);
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

/// A sighting that no database should hold; it would be refused for ever.
Result<void> check(const domain::Sighting& sighting) {
  const Error bad{kInvalidArgument, "the sighting " + sighting.id.str() + " is malformed"};
  constexpr std::int64_t kYear10000 = 253'402'300'800'000;
  const std::int64_t at = to_millis(sighting.at);
  if (!is_uuid(sighting.id.str()) || !is_uuid(sighting.person_id.str()) ||
      !is_uuid(sighting.camera_id.str()) || at < 0 || at >= kYear10000 ||
      !std::isfinite(sighting.confidence) || !std::isfinite(sighting.distance) ||
      !clean_text(sighting.model, "the model", 200, true)) {
    return bad;
  }
  return {};
}

bool store_sighting(Connection& db, const domain::Sighting& sighting, const std::string& day,
                    std::string_view clock_epoch, ByteView sealed_snapshot, UnixMillis now) {
  const auto inserted = db.execute(
      "insert into sighting (id, person_id, camera_id, seen_at, day, kind, confidence, distance,"
      " model, recorded_at, clock_epoch) values (:id, :person, :camera, :seen_at, :day, :kind,"
      " :confidence, :distance, :model, :recorded_at, :clock_epoch) on conflict (id) do nothing",
      {{"id", sighting.id},
       {"person", sighting.person_id},
       {"camera", sighting.camera_id},
       {"seen_at", sighting.at},
       {"day", day},
       {"kind", domain::to_string(sighting.kind)},
       {"confidence", sighting.confidence},
       {"distance", sighting.distance},
       {"model", sighting.model},
       {"recorded_at", now},
       {"clock_epoch", clock_epoch}});
  if (inserted == 0) return false;
  if (!sealed_snapshot.empty()) {
    db.execute("insert into sighting_snapshot (sighting_id, bytes) values (:id, :bytes)",
               {{"id", sighting.id}, {"bytes", sealed_snapshot}});
  }
  return true;
}

}  // namespace

Bytes seal_snapshot(const crypto::KeyRing& keys, const SightingId& id, ByteView jpeg) {
  return keys.seal(jpeg, snapshot_binding(id));
}

Result<Delivery> AttendanceBook::deliver(const domain::Sighting& sighting, ByteView sealed_snapshot,
                                         const attendance::TimeZone& fallback,
                                         std::string_view clock_epoch) {
  if (auto valid = check(sighting); !valid) return valid.error();
  return write(context_, [&](Connection& db) -> Result<Delivery> {
    bump(db, Revised::attendance);
    // The site's, as this transaction sees it: somebody may be deriving the days anew.
    const auto zone = zone_in(db, fallback);
    if (!zone) return zone.error();
    const std::string day = zone->local_day(sighting.at);
    // The lock on the person makes deliveries and a removal of the same person wait for each other
    // on PostgreSQL, so that reading the record and writing it back is safe.
    const auto person =
        db.first(2,
                 "select name, external_id from person where id = :id and removed_at is null"
                 " {for update}",
                 {{"id", sighting.person_id}});
    if (!person) return Delivery{DeliveryOutcome::person_gone, std::nullopt, false};
    const auto before = find_record(db, sighting.person_id, day);
    if (!store_sighting(db, sighting, day, clock_epoch, sealed_snapshot,
                        context_->clock->now())) {
      return Delivery{DeliveryOutcome::repeated, before, false};
    }
    std::optional<attendance::DayRecord> known;
    if (before) {
      known = attendance::DayRecord{.person_id = before->person_id,
                                    .day = before->day,
                                    .first_seen = before->first_seen,
                                    .last_seen = before->last_seen,
                                    .sightings = before->sightings,
                                    .status = before->status};
    }
    const auto after = attendance::with_sighting(known, sighting, *zone);
    store_record(db, after);
    return Delivery{DeliveryOutcome::recorded,
                    domain::AttendanceRecord{.person_id = after.person_id,
                                             .person = person->text(0),
                                             .external_id = person->text(1),
                                             .day = after.day,
                                             .first_seen = after.first_seen,
                                             .last_seen = after.last_seen,
                                             .sightings = after.sightings,
                                             .status = after.status},
                    !before.has_value()};
  });
}

Result<std::vector<domain::AttendanceRecord>> AttendanceBook::records(
    const AttendanceQuery& query) {
  for (const auto& day : {query.from, query.to}) {
    if (!attendance::is_day(day)) {
      return Error{attendance::kBadDay,
                   "'" + tolerant_text(day, 40) + "' is no day; write YYYY-MM-DD"};
    }
  }
  if (query.from > query.to) {
    return Error{kInvalidArgument, "the first day comes after the last"};
  }
  const std::string person = query.person ? query.person->str() : "";
  const std::string group = tolerant_text(query.group, 1000);
  using Records = std::vector<domain::AttendanceRecord>;
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<Records> {
    Records records;
    for (const auto& row :
         db.query(kRecordColumnCount,
                  "select " + std::string(kRecordColumns) +
                      " from attendance_record r join person p on p.id = r.person_id"
                      " where r.day >= :first_day and r.day <= :last_day"
                      " and (:any_person = '' or r.person_id = :person)"
                      " and (:any_group = '' or p.group_name = :group_name)"
                      " order by r.day, r.first_seen, r.person_id",
                  {{"first_day", query.from},
                   {"last_day", query.to},
                   {"any_person", person},
                   {"person", person},
                   {"any_group", group},
                   {"group_name", group}})) {
      records.push_back(record_of(row));
    }
    return records;
  });
}

Result<std::vector<domain::AttendanceRecord>> AttendanceBook::records_of_day(
    const std::string& day) {
  return records({.from = day, .to = day, .person = std::nullopt, .group = ""});
}

Result<std::vector<AttendanceChange>> AttendanceBook::changed_since(std::int64_t revision,
                                                                    std::size_t limit) {
  using Changes = std::vector<AttendanceChange>;
  return read(context_, [&](Connection& db) -> Result<Changes> {
    Changes changes = changes_between(db, revision, revision, kLastRevision, limit + 1);
    if (changes.size() <= limit) return changes;
    // One transaction may have changed many records. It is told whole, however large, since the
    // caller asks on from its number.
    const std::int64_t last = changes.back().revision;
    std::erase_if(changes, [&](const AttendanceChange& change) { return change.revision == last; });
    if (changes.empty()) return changes_between(db, revision, last - 1, last, kNoLimit);
    return changes;
  });
}

Result<std::vector<StoredSighting>> AttendanceBook::sightings(const SightingsQuery& query) {
  const std::string person = query.person ? query.person->str() : "";
  const std::string camera = query.camera ? query.camera->str() : "";
  using Sightings = std::vector<StoredSighting>;
  return run(*context_->database, Mode::single, [&](Connection& db) -> Result<Sightings> {
    Sightings sightings;
    for (const auto& row :
         db.query(10,
                  "select s.id, s.person_id, s.camera_id, s.seen_at, s.kind,"
                  " cast(s.confidence as text), cast(s.distance as text), s.model, p.name,"
                  " case when exists (select 1 from sighting_snapshot x where x.sighting_id = s.id)"
                  " then 'yes' else 'no' end"
                  " from sighting s join person p on p.id = s.person_id"
                  " where s.seen_at >= :begin_at and s.seen_at < :end_at"
                  " and (:any_person = '' or s.person_id = :person)"
                  " and (:any_camera = '' or s.camera_id = :camera)"
                  " order by s.seen_at desc, s.id limit :max_rows",
                  {{"begin_at", query.begin},
                   {"end_at", query.end},
                   {"any_person", person},
                   {"person", person},
                   {"any_camera", camera},
                   {"camera", camera},
                   {"max_rows",
                    static_cast<std::int64_t>(std::clamp<std::size_t>(query.limit, 1, 10'000))}})) {
      sightings.push_back({.sighting = {.id = row.id<SightingId>(0),
                                        .person_id = row.id<PersonId>(1),
                                        .camera_id = row.id<CameraId>(2),
                                        .at = row.time(3),
                                        .kind = domain::parse_sighting_kind(row.text(4))
                                                    .value_or(domain::SightingKind::periodic),
                                        .confidence = row.real(5),
                                        .distance = row.real(6),
                                        .model = row.text(7)},
                           .person = row.text(8),
                           .has_snapshot = row.text(9) == "yes"});
    }
    return sightings;
  });
}

Result<Bytes> AttendanceBook::snapshot(const SightingId& id) {
  const auto sealed = run(*context_->database, Mode::single, [&](Connection& db) -> Result<Bytes> {
    const auto row = db.first(
        1, "select {hex:bytes} from sighting_snapshot where sighting_id = :id", {{"id", id}});
    if (!row) return Error{kNotFound, "there is no such snapshot"};
    return row->bytes(0);
  });
  if (!sealed) return sealed.error();
  return context_->keys.unseal(*sealed, snapshot_binding(id));
}

}  // namespace surveillx::store
