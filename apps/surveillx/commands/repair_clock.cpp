#include "commands/repair_clock.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "commands/store_access.hpp"
#include "commands/table.hpp"

namespace surveillx::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDifference{5'000};

struct Options {
  bool apply = false;
  std::optional<double> ahead_seconds;
  bool leave_out = false;
};

/// `2 h 0 min 5 s ahead`.
std::string words(milliseconds ahead) {
  const auto seconds = std::abs(std::chrono::duration_cast<std::chrono::seconds>(ahead).count());
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + " h ";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + " min ";
  return text + std::to_string(seconds % 60) + " s " + (ahead.count() < 0 ? "behind" : "ahead");
}

double seconds_of(milliseconds value) { return std::chrono::duration<double>(value).count(); }

void show(const std::vector<store::ClockDoubt>& doubts, const attendance::TimeZone& zone) {
  if (doubts.empty()) {
    std::puts("No sighting's time is in doubt.");
    return;
  }
  Table table({"Sightings", "From", "To", "Their clock was", "Why"});
  for (const auto& doubt : doubts) {
    table.add({std::to_string(doubt.open), zone.format_local(doubt.first),
               zone.format_local(doubt.last),
               doubt.ahead ? words(*doubt.ahead) : "wrong: by how much is unknown", doubt.reason});
  }
  table.print();
  std::puts(
      "\nsurveillx db repair-clock --apply   believes these sightings by as much earlier or later and\n"
      "derives the days anew; --ahead SECONDS says by how much where it is unknown, --leave-out does\n"
      "not count those. The sightings themselves stay as they are.");
}

boost::json::object json_of(const store::ClockDoubt& doubt, const attendance::TimeZone& zone) {
  return {{"epoch", doubt.epoch},
          {"sightings", doubt.open},
          {"first", zone.format_rfc3339(doubt.first)},
          {"last", zone.format_rfc3339(doubt.last)},
          {"ahead_seconds", doubt.ahead ? boost::json::value(seconds_of(*doubt.ahead))
                                        : boost::json::value(nullptr)},
          {"reason", doubt.reason}};
}

int run(const CommonOptions& common, const Options& options) {
  const auto access = open_store(common);
  auto& clocks = access.store->clocks;
  must(clocks.mark_future());
  const auto doubts = must(clocks.list());
  if (!options.apply) {
    if (options.ahead_seconds || options.leave_out) {
      std::fprintf(stderr, "surveillx: --ahead and --leave-out go with --apply\n");
      return kWrongUse;
    }
    boost::json::array all;
    for (const auto& doubt : doubts) all.push_back(json_of(doubt, access.zone));
    if (common.json) {
      std::puts(boost::json::serialize(all).c_str());
    } else {
      show(doubts, access.zone);
    }
    return kDone;
  }
  std::int64_t repaired = 0;
  std::int64_t unknown = 0;
  for (const auto& doubt : doubts) {
    auto by = doubt.ahead;
    if (!by && options.ahead_seconds) {
      by = milliseconds(static_cast<std::int64_t>(*options.ahead_seconds * 1e3));
    }
    if (!by && !options.leave_out) {
      unknown += doubt.open;
      continue;
    }
    repaired += must(clocks.repair(doubt.epoch, by, access.zone)).sightings;
  }
  if (common.json) {
    std::puts(boost::json::serialize(
                  boost::json::object{{"repaired", repaired}, {"unknown", unknown}})
                  .c_str());
  } else {
    std::printf("Repaired %lld sightings; the days are derived anew.\n",
                static_cast<long long>(repaired));
  }
  if (unknown == 0) return kDone;
  return fail(Error{kInvalidArgument,
                    "by how much the clock of " + std::to_string(unknown) +
                        " sightings was wrong is unknown: say --ahead SECONDS or --leave-out"});
}

}  // namespace

void add_repair_clock(Registrar& r, CLI::App* db) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = r.subcommand(
      "repair-clock", "Sightings made while a clock was wrong: list them, and put them right", db);
  command->add_flag("--apply", options->apply, "Repair; without it they are only listed");
  auto* ahead = command->add_option("--ahead", options->ahead_seconds,
                                    "How far the clock was ahead where nobody saw it being set");
  ahead->type_name("SECONDS");
  command->add_flag("--leave-out", options->leave_out, "Do not count those instead")
      ->excludes(ahead);
  r.run(command, [options](const CommonOptions& common) { return run(common, *options); });
}

Result<void> check_clock(store::Store& store) {
  const auto ahead = store.clocks.ahead_of_database();
  if (!ahead) return ahead.error();
  if (*ahead && std::chrono::abs(**ahead) > kDifference) {
    return Error{kInvalidArgument, "this machine's clock is " + words(**ahead) +
                                       " of the database server's: set both by NTP (for example "
                                       "with systemd-timesyncd)"};
  }
  const auto doubts = store.clocks.list();
  if (!doubts) return doubts.error();
  std::int64_t open = 0;
  for (const auto& doubt : *doubts) open += doubt.open;
  if (open == 0) return {};
  return Error{kInvalidArgument,
               std::to_string(open) + " sightings were made while a clock was wrong; "
                                      "`surveillx db repair-clock` lists and mends them"};
}

}  // namespace surveillx::app
