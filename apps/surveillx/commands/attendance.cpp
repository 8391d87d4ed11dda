#include "commands/command.hpp"
#include "commands/store_access.hpp"
#include "commands/table.hpp"

#include "surveillx/attendance/record_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace surveillx::app {
namespace {

struct AttendanceOptions {
  std::string date;
  std::string from;
  std::string to;
  std::string group;
  std::string format = "table";
};

using Records = std::vector<domain::AttendanceRecord>;

/// One field by RFC 4180. A spreadsheet would run text that begins like a formula, so such text
/// gets an apostrophe in front: a name comes from whoever enrolled the person.
std::string csv_field(const std::string& text) {
  std::string safe = text;
  if (!safe.empty() && std::string_view("=+-@\t\r").find(safe.front()) != std::string_view::npos) {
    safe.insert(safe.begin(), '\'');
  }
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char c : safe) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

void print_csv(const Records& records, const attendance::TimeZone& zone) {
  std::fputs("day,person,external_id,first_seen,last_seen,sightings,status,person_id\r\n", stdout);
  for (const auto& record : records) {
    std::printf(
        "%s,%s,%s,%s,%s,%lld,%s,%s\r\n", record.day.c_str(), csv_field(record.person).c_str(),
        csv_field(record.external_id).c_str(), zone.format_rfc3339(record.first_seen).c_str(),
        zone.format_rfc3339(record.last_seen).c_str(), static_cast<long long>(record.sightings),
        std::string(domain::to_string(record.status)).c_str(), record.person_id.str().c_str());
  }
}

void print_json(const Records& records, const attendance::TimeZone& zone) {
  boost::json::array all;
  for (const auto& record : records) all.emplace_back(attendance::to_json(record, zone));
  std::puts(boost::json::serialize(all).c_str());
}

void print_table(const Records& records, const attendance::TimeZone& zone) {
  if (records.empty()) {
    std::puts("Nobody has been seen.");
    return;
  }
  Table table({"Day", "Person", "Id", "First", "Last", "Sightings", "Status"});
  for (const auto& record : records) {
    // Without offsets a day with an hour that comes twice would seem to end before it began.
    const bool offsets =
        zone.clocks_change_on(record.day) ||
        zone.format_offset(record.first_seen) != zone.format_offset(record.last_seen);
    const auto time = [&](UnixMillis t) {
      return zone.format_local(t).substr(11) + (offsets ? zone.format_offset(t) : "");
    };
    table.add({record.day, record.person, record.external_id, time(record.first_seen),
               time(record.last_seen), std::to_string(record.sightings),
               std::string(domain::to_string(record.status))});
  }
  table.print();
}

int run(const CommonOptions& common, const AttendanceOptions& options) {
  const std::string format = common.json ? "json" : options.format;
  const auto access = open_store(common);
  if (access.zone_changed) fail(*access.zone_changed);  // Goes on, with the days as they are.
  store::AttendanceQuery query;
  query.group = options.group;
  const std::string today = access.zone.local_day(system_clock().now());
  if (!options.from.empty() || !options.to.empty()) {
    // As the HTTP API reads it: until today, and only that day without a first one.
    query.from = options.from.empty() ? options.to : options.from;
    query.to = options.to.empty() ? std::max(options.from, today) : options.to;
  } else {
    query.from = options.date.empty() ? today : options.date;
    query.to = query.from;
  }
  auto found = access.store->attendance.records(query);
  if (!found && (found.error().is(attendance::kBadDay) || found.error().is(kInvalidArgument))) {
    fail(found.error());
    return kWrongUse;
  }
  const auto records = must(std::move(found));
  if (format == "csv") {
    print_csv(records, access.zone);
  } else if (format == "json") {
    print_json(records, access.zone);
  } else {
    print_table(records, access.zone);
  }
  return kDone;
}

}  // namespace

void add_attendance(Registrar& r) {
  CLI::App* command = r.subcommand("attendance", "Who was seen, and from when to when");
  const auto options = std::make_shared<AttendanceOptions>();
  auto* date = command->add_option("--date", options->date, "One day, YYYY-MM-DD (default: today)");
  auto* from = command->add_option("--from", options->from, "First day");
  auto* to = command->add_option("--to", options->to, "Last day, included (default: today)");
  date->excludes(from)->excludes(to);
  command->add_option("--group", options->group, "Only people of this group");
  command->add_option("--format", options->format, "table, csv or json")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  r.run(command, [options](const CommonOptions& common) { return run(common, *options); });
}

}  // namespace surveillx::app
