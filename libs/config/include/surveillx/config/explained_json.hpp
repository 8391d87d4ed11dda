#pragma once

#include "surveillx/config/load.hpp"

#include <boost/json/object.hpp>

namespace surveillx::config {

/// A key as the HTTP API and the command line tell it (`Setting` in contracts/http.openapi.yaml). A
/// secret's value is null, whether it is set or not; passwords within URLs are `***`.
[[nodiscard]] boost::json::object to_json(const Explained& explained);

}  // namespace surveillx::config
