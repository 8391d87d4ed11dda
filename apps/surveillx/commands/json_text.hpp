#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace surveillx::app {

/// JSON as people and scripts expect it: 0.749 where Boost writes 7.49E-1.
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace surveillx::app
