#pragma once

#include <string_view>
#include <vector>

namespace surveillx::store {

/// The statements of each schema version, from 1; never edited once released. SOCI runs only the
/// first statement of a string on SQLite, so each has its own.
[[nodiscard]] const std::vector<std::vector<std::string_view>>& migrations();

}  // namespace surveillx::store
