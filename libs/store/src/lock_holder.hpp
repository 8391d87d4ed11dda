#pragma once

#include <filesystem>
#include <string>

namespace surveillx::store {

enum class HeldLock {
  any,    ///< Whoever has the database open in a way that SQLite's locks show.
  write,  ///< Who keeps others from writing.
};

/// Who holds a SQLite database against this process, as a part of a sentence: "`surveillx media`
/// (process 42)", "another program, python3 (process 42)", or "another program" where the kernel
/// does not tell. Looks at /proc only and never opens the file. Linux; works across containers as
/// far as their processes are visible.
[[nodiscard]] std::string lock_holder(const std::filesystem::path& database, HeldLock wanted);

}  // namespace surveillx::store
