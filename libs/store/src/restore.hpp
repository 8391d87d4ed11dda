#pragma once

#include "surveillx/store/database.hpp"

#include <filesystem>
#include <functional>
#include <string_view>

namespace surveillx::store {

/// Called with the name of each step of a restore once it is done: for the tests that crash there.
using AtStep = std::function<void(std::string_view step)>;

/// `restore_database` for SQLite. At every moment the database's name leads to the old database or
/// to the new one, whole, and no log of the old one lies where the new one would find it.
[[nodiscard]] Result<void> restore_sqlite(const DatabaseOptions& options,
                                          const std::filesystem::path& backup,
                                          const AtStep& at_step = {});

}  // namespace surveillx::store
