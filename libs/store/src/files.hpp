#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/store/database.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace surveillx::store {

[[nodiscard]] bool is_postgresql(std::string_view url);

/// The file that `options` names when it is not PostgreSQL; nothing is touched.
/// Errors: `bad_database_url`.
[[nodiscard]] Result<std::filesystem::path> sqlite_file(const DatabaseOptions& options);

/// Makes an empty file for its owner only, without opening it: POSIX drops every lock that a
/// process has on a file as soon as it closes any descriptor of it, and a SQLite database that has
/// lost its locks loses its -wal to the next program that closes it. Errors: `already_exists`,
/// `io_error`.
[[nodiscard]] Result<void> make_private_file(const std::filesystem::path& file);

/// Makes the folder, for its owner only, and those above it; one that is there is left alone.
/// Errors: `io_error`.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& folder);

/// Waits until a file's content, or a folder's names, are on the disk. Opens and closes it: never
/// for a database that this process has open. Errors: `io_error`.
[[nodiscard]] Result<void> sync_path(const std::filesystem::path& path);

/// SQLite's name for a file that must be there, opened for reading and writing: SQLite would
/// replace a missing one by an empty database that the umask lets others read.
[[nodiscard]] std::string existing_file_uri(const std::filesystem::path& file);

}  // namespace surveillx::store
