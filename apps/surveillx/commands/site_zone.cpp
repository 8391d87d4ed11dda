#include "commands/site_zone.hpp"

#include <cstdio>

#include "commands/command.hpp"

namespace surveillx::app {
namespace {

struct Wish {
  attendance::TimeZone zone;
  bool explicitly = false;
};

Wish wish_of(const config::Config& config) {
  return {must(attendance::TimeZone::find(config.attendance.timezone)),
          zone_is_explicit(config)};
}

/// The zone in which the database's days are counted, from now on the configuration's.
void take(config::Config& config, const attendance::TimeZone& zone) {
  if (config.attendance.timezone == zone.name()) return;
  config.attendance.timezone = zone.name();
  config.origins["attendance.timezone"] = {config::Source::derived, "database"};
}

}  // namespace

bool zone_is_explicit(const config::Config& config) {
  return config::origin_of(config, "attendance.timezone").where != "system";
}

void settle_site_zone(store::Store& store, config::Config& config) {
  const auto wish = wish_of(config);
  const auto state = must(store.site_zone.settle(wish.zone, wish.explicitly));
  if (state.changed) throw Failure(*state.changed);
  take(config, state.zone);
}

store::RezoneReport derive_days_anew(store::Store& store, const attendance::TimeZone& zone,
                                     bool quiet) {
  std::int64_t told = 0;
  const auto report =
      must(store.site_zone.derive_anew(zone, [&](std::int64_t done, std::int64_t all) {
        // A line every tenth: it may go to a log.
        if (quiet || (done - told) * 10 < all) return;
        told = done;
        std::printf("  %lld of %lld people\n", static_cast<long long>(done),
                    static_cast<long long>(all));
        std::fflush(stdout);
      }));
  return report;
}

void settle_or_derive_site_zone(store::Store& store, config::Config& config) {
  const auto wish = wish_of(config);
  const auto state = must(store.site_zone.settle(wish.zone, wish.explicitly));
  const auto& zone = state.changed && wish.explicitly ? wish.zone : state.zone;
  if (state.changed) {
    std::printf("Counting the days of attendance anew in %s ...\n", zone.name().c_str());
    std::fflush(stdout);
    const auto report = derive_days_anew(store, zone, false);
    std::printf("Done: %lld of %lld sightings belong to another day now.\n",
                static_cast<long long>(report.moved), static_cast<long long>(report.sightings));
    std::fflush(stdout);
  }
  take(config, zone);
}

}  // namespace surveillx::app
