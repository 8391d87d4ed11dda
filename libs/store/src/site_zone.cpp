#include "surveillx/store/site_zone.hpp"

#include "surveillx/base/log.hpp"

#include "derivation.hpp"

#include <string>

namespace surveillx::store {

namespace {

/// People a transaction, and sightings after which it ends early: others wait for it.
constexpr std::int64_t kPeopleAtOnce = 200;
constexpr std::int64_t kSightingsAtOnce = 20'000;
/// How many sightings, of the newest and of the oldest, tell in which zone an older version counted.
constexpr int kSample = 500;

struct Noted {
  std::optional<std::string> zone;
  std::optional<std::string> taken;
  bool unfinished = false;
};

Noted noted_in(Connection& db) {
  return {.zone = setting_in(db, kZoneSetting),
          .taken = setting_in(db, kZoneTakenSetting),
          .unfinished = setting_in(db, kZoneCursorSetting).has_value()};
}

/// Whether the days that are stored are those that `zone` gives.
bool days_fit(Connection& db, const attendance::TimeZone& zone) {
  for (const char* order : {"asc", "desc"}) {
    for (const auto& row :
         db.query(2, std::string("select seen_at, day from sighting order by seen_at ") + order +
                         " limit " + std::to_string(kSample))) {
      if (zone.local_day(row.time(0)) != row.text(1)) return false;
    }
  }
  return true;
}

Error zone_changed(const std::string& what) {
  return {kZoneChanged,
          what + "; `surveillx up` derives the days anew when it starts, and so does `surveillx db "
                 "rezone`"};
}

/// `noted` has a zone.
Result<ZoneState> judge(const Noted& noted, const attendance::TimeZone& configured,
                        bool explicitly, const std::string& database) {
  auto zone = attendance::TimeZone::find(*noted.zone);
  if (!zone) return zone.error();
  if (noted.unfinished) {
    return ZoneState{*zone, zone_changed("deriving the days in " + database + " anew in " +
                                         *noted.zone + " was interrupted")};
  }
  const bool known = configured.name() == *noted.zone || configured.name() == noted.taken;
  if (!explicitly || known) return ZoneState{*zone, std::nullopt};
  return ZoneState{*zone,
                   zone_changed("the days in " + database + " are counted in " + *noted.zone +
                                ", and attendance.timezone is " + configured.name())};
}

struct Portion {
  Derived derived;
  std::int64_t people = 0;
  bool finished = false;
};

/// The next people after the cursor, in the transaction of `db`.
Result<Portion> next_portion(Connection& db, const attendance::TimeZone& zone) {
  bump(db, Revised::attendance);
  Portion portion;
  const auto cursor = setting_in(db, kZoneCursorSetting);
  if (setting_in(db, kZoneSetting) != zone.name()) {
    return Error{kZoneChanged, "another time zone than " + zone.name() +
                                   " was made the site's meanwhile"};
  }
  if (!cursor) {  // Another process has done the last part.
    portion.finished = true;
    return portion;
  }
  std::string last = *cursor;
  for (const auto& row :
       db.query(1, "select id from person where id > :last order by id limit :max_people",
                {{"last", last}, {"max_people", kPeopleAtOnce}})) {
    const auto one = derive_person(db, row.id<PersonId>(0), zone);
    portion.derived.sightings += one.sightings;
    portion.derived.moved += one.moved;
    portion.derived.records += one.records;
    ++portion.people;
    last = row.text(0);
    if (portion.derived.sightings >= kSightingsAtOnce) break;
  }
  if (portion.people == 0) {
    drop_setting(db, kZoneCursorSetting);
    portion.finished = true;
  } else {
    put_setting(db, kZoneCursorSetting, last);
  }
  return portion;
}

}  // namespace

Result<ZoneState> SiteZone::settle(const attendance::TimeZone& configured, bool explicitly) {
  auto noted = run(*context_->database, Mode::read,
                   [](Connection& db) -> Result<Noted> { return noted_in(db); });
  if (noted && !noted->zone) {
    noted = write(context_, [&](Connection& db) -> Result<Noted> {
      bump(db, Revised::attendance);  // Of two processes that start at once one waits here.
      if (auto present = noted_in(db); present.zone) return present;
      if (!days_fit(db, configured)) return Noted{};
      put_setting(db, kZoneSetting, configured.name());
      put_setting(db, kZoneTakenSetting, configured.name());
      return noted_in(db);
    });
  }
  if (!noted) return noted.error();
  if (!noted->zone) {
    return ZoneState{configured, zone_changed("the days in " + context_->database->describe() +
                                              " were counted in another time zone than " +
                                              configured.name() + " (attendance.timezone)")};
  }
  return judge(*noted, configured, explicitly, context_->database->describe());
}

Result<ZoneState> SiteZone::look(const attendance::TimeZone& configured, bool explicitly) {
  const auto noted = run(*context_->database, Mode::read,
                         [](Connection& db) -> Result<Noted> { return noted_in(db); });
  if (!noted) return noted.error();
  if (!noted->zone) return ZoneState{configured, std::nullopt};
  return judge(*noted, configured, explicitly, context_->database->describe());
}

Result<RezoneReport> SiteZone::derive_anew(const attendance::TimeZone& zone,
                                           const Progress& progress) {
  const auto all = write(context_, [&](Connection& db) -> Result<std::int64_t> {
    bump(db, Revised::attendance);
    const bool goes_on = setting_in(db, kZoneCursorSetting).has_value() &&
                         setting_in(db, kZoneSetting) == zone.name();
    if (!goes_on) {
      put_setting(db, kZoneSetting, zone.name());
      put_setting(db, kZoneTakenSetting, zone.name());
      put_setting(db, kZoneCursorSetting, "");
    }
    const auto row = db.first(1, "select count(*) from person");
    return row->integer(0);
  });
  if (!all) return all.error();
  log::info("attendance.rezone_begun", {{"zone", zone.name()}, {"people", *all}});

  RezoneReport report;
  for (;;) {
    const auto portion =
        write(context_, [&](Connection& db) { return next_portion(db, zone); });
    if (!portion) return portion.error();
    report.people += portion->people;
    report.sightings += portion->derived.sightings;
    report.moved += portion->derived.moved;
    report.records += portion->derived.records;
    if (portion->finished) break;
    if (progress) progress(report.people, *all);
  }
  log::info("attendance.rezone_done", {{"zone", zone.name()},
                                       {"people", report.people},
                                       {"sightings", report.sightings},
                                       {"moved", report.moved}});
  return report;
}

}  // namespace surveillx::store
