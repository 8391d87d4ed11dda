#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace surveillx::live {

[[nodiscard]] inline boost::json::value null_when_empty(const std::string& text) {
  return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

}  // namespace surveillx::live
