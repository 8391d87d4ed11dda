#include "surveillx/enrolment/csv.hpp"

#include "surveillx/base/unicode.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include <iconv.h>

namespace surveillx::enrolment {
namespace {

/// Longer than any name, id or list of photos: a quote that opens a field and never closes it would
/// otherwise take the rest of the file for a name.
constexpr std::size_t kMaxField = 64 * 1024;
constexpr std::size_t kMaxFields = 1000;

struct Mark {
  std::string_view bytes;
  const char* encoding;
};
constexpr std::array<Mark, 3> kMarks{{{"\xef\xbb\xbf", "UTF-8"},
                                      {"\xff\xfe", "UTF-16LE"},
                                      {"\xfe\xff", "UTF-16BE"}}};

Error bad(std::string message) { return {kInvalidArgument, std::move(message)}; }

Error bad_line(std::size_t line, const std::string& what) {
  return bad("line " + std::to_string(line) + ": " + what);
}

Result<std::string> converted(std::string_view text, const std::string& encoding) {
  const iconv_t converter = iconv_open("UTF-8", encoding.c_str());
  // NOLINTNEXTLINE(performance-no-int-to-ptr): POSIX's own value for a failure.
  if (converter == reinterpret_cast<iconv_t>(-1)) {
    return bad("there is no encoding '" + encoding + "'; `iconv -l` lists them");
  }
  const auto close = [](void* handle) { iconv_close(handle); };
  const std::unique_ptr<void, decltype(close)> closer(converter, close);
  std::string out;
  std::array<char, 8192> block{};
  char* in = const_cast<char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    char* to = block.data();
    std::size_t room = block.size();
    const std::size_t done = iconv(converter, &in, &left, &to, &room);
    out.append(block.data(), block.size() - room);
    if (done != static_cast<std::size_t>(-1) || errno == E2BIG) continue;
    return bad("it is not written in " + encoding + " (byte " +
               std::to_string(text.size() - left + 1) + " has no meaning in it)");
  }
  // glibc's UTF-8 reaches beyond Unicode's last character.
  if (!unicode::is_utf8(out)) return bad("it holds characters that Unicode does not have");
  return out;
}

/// A file of another program, which people rename or choose by mistake.
const char* workbook(std::string_view text) {
  if (text.starts_with("PK\x03\x04")) return "an Excel or LibreOffice workbook";
  if (text.starts_with("\xd0\xcf\x11\xe0")) return "an old Excel workbook";
  if (text.starts_with("%PDF")) return "a PDF";
  return nullptr;
}

/// UTF-16 without a mark: in a table of names every other byte of the beginning is zero.
const char* utf16_by_zeros(std::string_view text) {
  const std::string_view begin = text.substr(0, 64);
  if (begin.size() < 8) return nullptr;
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < begin.size(); ++i) zeros[i % 2] += begin[i] == '\0' ? 1 : 0;
  const std::size_t most = begin.size() / 2 * 9 / 10;
  if (zeros[1] >= most && zeros[0] == 0) return "UTF-16LE";
  if (zeros[0] >= most && zeros[1] == 0) return "UTF-16BE";
  return nullptr;
}

/// The first line that is no UTF-8, as it reads in Western Europe's encoding.
std::string example(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (!unicode::is_utf8(line)) {
      const auto read = converted(line.substr(0, line.find_first_of(",;\t")), "WINDOWS-1252");
      return read ? *read : std::string();
    }
    begin = end + 1;
  }
  return {};
}

/// Reads one row after the other.
class Parser {
 public:
  Parser(std::string_view text, char separator, std::size_t line)
      : text_(text), separator_(separator), line_(line) {}

  Result<CsvTable> parse() {
    CsvTable table;
    while (at_ < text_.size()) {
      auto row = next_row();
      if (!row) return row.error();
      const bool blank = std::all_of(row->fields.begin(), row->fields.end(),
                                     [](const std::string& field) { return field.empty(); });
      if (blank) {
        ++table.blank_rows;
      } else {
        table.rows.push_back(*std::move(row));
      }
    }
    return table;
  }

 private:
  Result<CsvRow> next_row() {
    CsvRow row{line_, {}};
    for (;;) {
      auto field = next_field();
      if (!field) return field.error();
      row.fields.push_back(*std::move(field));
      if (row.fields.size() > kMaxFields) return bad_line(row.line, "it has over 1000 fields");
      if (at_ >= text_.size()) return row;
      if (text_[at_] == separator_) {
        ++at_;
        continue;
      }
      take_line_end();
      return row;
    }
  }

  /// Up to a separator, a line's end or the text's.
  Result<std::string> next_field() {
    const std::size_t line = line_;
    std::string field;
    bool blank = true;  // So far: a quote opens a quoted field only at its beginning.
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == separator_ || c == '\n' || c == '\r') break;
      if (c == '"' && blank) {
        field.clear();
        if (auto taken = take_quoted(field); !taken) return taken.error();
        blank = false;
        continue;
      }
      blank = blank && (c == ' ' || c == '\t');
      field += c;
      ++at_;
      if (field.size() > kMaxField) return bad_line(line, "a field is far too long");
    }
    const auto first = field.find_first_not_of(" \t");
    if (first == std::string::npos) return std::string();
    return field.substr(first, field.find_last_not_of(" \t") - first + 1);
  }

  Result<void> take_quoted(std::string& field) {
    const std::size_t line = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          return {};
        }
        ++at_;
      } else if (c == '\n' || (c == '\r' && (at_ + 1 >= text_.size() || text_[at_ + 1] != '\n'))) {
        ++line_;
      }
      field += c;
      if (field.size() > kMaxField) break;
    }
    return bad_line(line, "a quoted field does not end; is a quote missing?");
  }

  void take_line_end() {
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  std::string_view text_;
  char separator_;
  std::size_t line_;
  std::size_t at_ = 0;
};

/// What the first row that is not blank has most of, outside of quotes.
char separator_of(std::string_view text) {
  constexpr std::string_view kSeparators = ",;\t";
  std::array<std::size_t, 3> count{};
  bool quoted = false;
  bool blank = true;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') {
      if (!blank) break;
      count = {};
      continue;
    }
    const std::size_t which = kSeparators.find(c);
    if (which != std::string_view::npos) ++count[which];
    if (which == std::string_view::npos && c != ' ') blank = false;
  }
  const auto most = std::max_element(count.begin(), count.end());
  return kSeparators[static_cast<std::size_t>(most - count.begin())];
}

}  // namespace

Result<std::string> table_text(ByteView bytes, const std::string& encoding) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (const char* kind = workbook(text)) {
    return bad(std::string("it is ") + kind + "; save the table as CSV (UTF-8)");
  }
  std::string_view rest = text;
  std::string chosen = encoding;
  for (const Mark& mark : kMarks) {
    if (!text.starts_with(mark.bytes)) continue;
    rest = text.substr(mark.bytes.size());
    chosen = mark.encoding;
    break;
  }
  if (chosen.empty()) {
    const char* by_zeros = utf16_by_zeros(text);
    chosen = by_zeros == nullptr ? "UTF-8" : by_zeros;
  }
  auto read = converted(rest, chosen);
  if (!read) {
    if (chosen != "UTF-8" || !encoding.empty()) return read.error();
    return bad(
        "it is not written in UTF-8; save it as \"CSV UTF-8\", or say how it is written: "
        "--encoding windows-1252 (Excel in Western Europe; a name then reads '" +
        example(text) + "'), windows-1250 (Central Europe), windows-1251 (Cyrillic), macintosh");
  }
  if (const auto zero = read->find('\0'); zero != std::string::npos) {
    const auto line = std::count(read->begin(), read->begin() + static_cast<std::ptrdiff_t>(zero), '\n');
    return bad_line(static_cast<std::size_t>(line) + 1,
                    "it holds a zero byte; is it a table, and is its encoding right?");
  }
  return read;
}

Result<CsvTable> parse_csv(std::string_view text) {
  // Excel's own first line for what separates the rest.
  if (text.starts_with("sep=") && text.size() > 5 && (text[5] == '\r' || text[5] == '\n')) {
    const char separator = text[4];
    const std::size_t end = text[5] == '\r' && text.size() > 6 && text[6] == '\n' ? 7 : 6;
    if (separator == '"' || separator == '\r' || separator == '\n') {
      return bad_line(1, "sep= names no separator");
    }
    return Parser(text.substr(end), separator, 2).parse();
  }
  return Parser(text, separator_of(text), 1).parse();
}

}  // namespace surveillx::enrolment
