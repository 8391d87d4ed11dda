#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/store/people.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace surveillx::app {

/// A person to enrol, as a folder or a CSV file names them.
struct ImportEntry {
  store::NewPerson person;
  std::vector<std::filesystem::path> photos;
};

/// A folder with a folder per person (its name is the person's, what is in it are the photos), or a
/// CSV file (RFC 4180) whose first line names the columns `name`, and optionally `external_id`,
/// `group` and `photo` (a path beside the CSV file; several separated by `;`). Lines of the same
/// external id, or of the same name without one, are the same person. Sorted, so that a repeated
/// import does the same. Errors: `not_found`, `invalid_argument` with the line.
[[nodiscard]] Result<std::vector<ImportEntry>> read_import(const std::filesystem::path& source);

}  // namespace surveillx::app
