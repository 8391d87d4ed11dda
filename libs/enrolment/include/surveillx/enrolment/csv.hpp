#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::enrolment {

/// The bytes of a table as UTF-8. `encoding` is a name that iconv knows; when empty, a byte order
/// mark says it, else UTF-16 is known by its zeros, and all else must be UTF-8: other encodings
/// cannot be told apart, and a guess would enrol people under wrong names. Errors:
/// `invalid_argument`, with what to do.
[[nodiscard]] Result<std::string> table_text(ByteView bytes, const std::string& encoding);

struct CsvRow {
  std::size_t line = 0;  ///< Of the file, where the row begins; from 1.
  std::vector<std::string> fields;
};

struct CsvTable {
  std::vector<CsvRow> rows;  ///< Without blank ones.
  std::size_t blank_rows = 0;
};

/// RFC 4180 as programs write it: rows end with CR LF, LF or CR; the separator is `,`, `;` or tab,
/// whichever the first row has most of, or what a first line `sep=X` says. Fields are trimmed. A row
/// of empty fields is blank. Errors: `invalid_argument` with the line.
[[nodiscard]] Result<CsvTable> parse_csv(std::string_view text);

}  // namespace surveillx::enrolment
