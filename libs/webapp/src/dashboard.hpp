#pragma once

#include "surveillx/net/static_files.hpp"

#include <vector>

namespace surveillx::webapp {

/// The dashboard's files, embedded at build time from dashboard/dist (see embed_dashboard.cmake);
/// one page that says so when it was not built.
[[nodiscard]] std::vector<net::StaticFile> dashboard_files();

}  // namespace surveillx::webapp
