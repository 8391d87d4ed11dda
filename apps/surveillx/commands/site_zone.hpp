#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/config/load.hpp"
#include "surveillx/store/store.hpp"

namespace surveillx::app {

/// Whether somebody wrote `attendance.timezone` down, rather than it being the machine's own. Before
/// `settle_site_zone`, which puts the database's in its place.
[[nodiscard]] bool zone_is_explicit(const config::Config& config);

/// For a server's start: the zone in which the site's days are counted takes the configured one's
/// place. Throws a Failure that names the command when the configuration was changed since.
void settle_site_zone(store::Store& store, config::Config& config);

/// The same for `up`, which derives the days anew first when that is due, and says how far it is.
void settle_or_derive_site_zone(store::Store& store, config::Config& config);

/// Derives all days anew in `zone`, with progress for a person who waits unless `quiet`.
store::RezoneReport derive_days_anew(store::Store& store, const attendance::TimeZone& zone,
                                     bool quiet);

}  // namespace surveillx::app
