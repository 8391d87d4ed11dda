#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/store/people.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace surveillx::enrolment {

/// A person to enrol, as a folder or a table names them.
struct ImportEntry {
  store::NewPerson person;
  /// The folder's own name where `person.name` has spaces for its underscores.
  std::string folder_name;
  std::vector<std::filesystem::path> photos;
};

struct ImportOptions {
  std::string encoding;                        ///< Of a table; empty: see `table_text`.
  std::map<std::string, std::string> columns;  ///< Ours -> the table's; empty: ours are used.
};

struct ImportList {
  std::vector<ImportEntry> entries;
  std::size_t blank_rows = 0;
  std::vector<std::string> unused_columns;  ///< With `columns` only; else such a table is refused.
};

/// `name=Name,external_id=Nummer` for ImportOptions::columns. Errors: `invalid_argument`.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_columns(const std::string& text);

/// A folder with a folder per person (its name is the person's, underscores are spaces, what is in
/// it are the photos), or a CSV file whose first row names the columns `name`, and optionally
/// `external_id`, `group` and `photo` (a path beside the file; several separated by `;`). Rows of
/// the same external id, or of the same name without one, are the same person. Nothing is silently
/// left out: what cannot be meant as written is an error that names the line. Sorted, so that a
/// repeated import does the same. Errors: `not_found`, `io_error`, `invalid_argument`.
[[nodiscard]] Result<ImportList> read_import(const std::filesystem::path& source,
                                             const ImportOptions& options = {});

/// The rows of a table. `folder` is where its photos' paths begin.
[[nodiscard]] Result<ImportList> read_table(std::string_view text,
                                            const std::filesystem::path& folder,
                                            const ImportOptions& options);

}  // namespace surveillx::enrolment
