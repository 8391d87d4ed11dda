#pragma once

#include "surveillx/config/load.hpp"

#include <string>
#include <vector>

namespace surveillx::config {

/// A value somebody set, before it is checked against its key.
struct Setting {
  std::string key;    ///< `section.key`
  std::string value;  ///< As text; lists joined by commas.
  std::string where;  ///< For messages and `config explain`.
};

/// Reads a TOML file. What is wrong goes to `problems`; what is right is returned.
[[nodiscard]] std::vector<Setting> read_toml(const std::string& file,
                                             std::vector<Problem>& problems);

/// An unknown-key problem with the nearest known key, if one is near.
[[nodiscard]] Problem unknown_key(std::string where, std::string key);

}  // namespace surveillx::config
