// Any bytes either are a table whose text parses to the same table again, or are refused with words;
// no field keeps what only looks like nothing, and lines only grow.
#include "surveillx/base/unicode.hpp"
#include "surveillx/enrolment/csv.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace surveillx;
using namespace surveillx::enrolment;

namespace {

/// The table as RFC 4180 writes it.
std::string written(const CsvTable& table) {
  std::string text;
  for (const CsvRow& row : table.rows) {
    const char* comma = "";
    for (const std::string& field : row.fields) {
      text += comma;
      text += '"';
      for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
      text += '"';
      comma = ",";
    }
    text += "\r\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto text = table_text(input, "");
  if (!text) {
    if (text.error().message.empty()) std::abort();
    return 0;
  }
  if (!unicode::is_utf8(*text) || text->find('\0') != std::string::npos) std::abort();
  const auto table = parse_csv(*text);
  if (!table) {
    if (table.error().message.find("line ") == std::string::npos) std::abort();
    return 0;
  }
  std::size_t line = 0;
  for (const CsvRow& row : table->rows) {
    if (row.line <= line) std::abort();
    line = row.line;
    const bool blank = std::all_of(row.fields.begin(), row.fields.end(),
                                   [](const std::string& field) { return field.empty(); });
    if (row.fields.empty() || blank) std::abort();
  }
  const auto again = parse_csv(written(*table));
  // The first row may have no comma outside of quotes, and then the separator is not told.
  if (table->rows.empty() || table->rows.front().fields.size() < 2) return 0;
  if (!again || again->rows.size() != table->rows.size()) std::abort();
  for (std::size_t i = 0; i < again->rows.size(); ++i) {
    if (again->rows[i].fields != table->rows[i].fields) std::abort();
  }
  return 0;
}
