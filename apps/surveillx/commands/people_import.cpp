#include "commands/people_import.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>

namespace surveillx::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxCsvBytes = 64 * 1024 * 1024;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Anything but hidden files and notes: whether it is an image, the decoder says.
bool may_be_photo(const fs::path& path) {
  const std::string extension = lower(path.extension().string());
  return !path.filename().string().starts_with('.') && extension != ".txt" && extension != ".csv" &&
         extension != ".md" && extension != ".db";
}

Result<std::vector<ImportEntry>> read_folder(const fs::path& folder) {
  std::vector<ImportEntry> entries;
  std::error_code code;
  for (const auto& child : fs::directory_iterator(folder, code)) {
    if (!child.is_directory(code) || child.path().filename().string().starts_with('.')) continue;
    ImportEntry entry;
    entry.person.name = child.path().filename().string();
    std::error_code unreadable;
    for (const auto& file : fs::directory_iterator(child.path(), unreadable)) {
      if (file.is_regular_file(unreadable) && may_be_photo(file.path())) {
        entry.photos.push_back(file.path());
      }
    }
    if (unreadable) return Error{kIo, child.path().string() + ": " + unreadable.message()};
    std::sort(entry.photos.begin(), entry.photos.end());
    entries.push_back(std::move(entry));
  }
  if (code) return Error{kIo, folder.string() + ": " + code.message()};
  if (entries.empty()) {
    return Error{kInvalidArgument,
                 folder.string() + " has no folders; make one for each person, with the photos in"};
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.person.name < b.person.name; });
  return entries;
}

/// Without the spaces that people leave around separators.
std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

struct CsvLine {
  std::size_t number = 0;
  std::vector<std::string> fields;
};

/// RFC 4180, with `,` or `;` as the separator, whichever the first line has more of.
Result<std::vector<CsvLine>> parse_csv(const std::string& text) {
  const std::string header = text.substr(0, text.find('\n'));
  const char separator =
      std::count(header.begin(), header.end(), ';') > std::count(header.begin(), header.end(), ',')
          ? ';'
          : ',';
  std::vector<CsvLine> lines;
  CsvLine line{1, {}};
  std::string field;
  std::size_t number = 1;
  bool quoted = false;
  bool started = false;
  const auto end_line = [&] {
    line.fields.push_back(std::move(field));
    field.clear();
    if (line.fields.size() > 1 || !line.fields[0].empty()) lines.push_back(std::move(line));
    line = {number, {}};
    started = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++number;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && trimmed(field).empty()) {
      field.clear();
      quoted = true;
    } else if (c == separator) {
      line.fields.push_back(std::move(field));
      field.clear();
    } else if (c == '\n') {
      if (!field.empty() && field.back() == '\r') field.pop_back();
      end_line();
      continue;
    } else {
      field += c;
    }
    started = true;
  }
  if (quoted) {
    return Error{kInvalidArgument,
                 "line " + std::to_string(line.number) + ": a quoted field does not end"};
  }
  if (started) end_line();
  return lines;
}

Result<std::vector<ImportEntry>> read_csv(const fs::path& file) {
  std::error_code code;
  if (fs::file_size(file, code) > kMaxCsvBytes) {
    return Error{kInvalidArgument, file.string() + " is larger than 64 MB"};
  }
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in || code) return Error{kIo, file.string() + " cannot be read"};
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);  // Excel's byte order mark.
  auto lines = parse_csv(text);
  if (!lines) return Error{lines.error().name, file.string() + ", " + lines.error().message};
  if (lines->empty()) return Error{kInvalidArgument, file.string() + " is empty"};

  std::map<std::string, std::size_t> columns;
  for (std::size_t i = 0; i < lines->front().fields.size(); ++i) {
    columns.emplace(lower(trimmed(lines->front().fields[i])), i);
  }
  if (!columns.contains("name")) {
    return Error{kInvalidArgument, file.string() +
                                       ", line 1: no column `name`; write a first line like "
                                       "name,external_id,group,photo"};
  }
  const auto field = [&](const CsvLine& line, const char* column) -> std::string {
    const auto found = columns.find(column);
    if (found == columns.end() || found->second >= line.fields.size()) return {};
    return trimmed(line.fields[found->second]);
  };

  std::vector<ImportEntry> entries;
  std::map<std::string, std::size_t> index;
  for (auto line = lines->begin() + 1; line != lines->end(); ++line) {
    const store::NewPerson person{.name = field(*line, "name"),
                                  .external_id = field(*line, "external_id"),
                                  .group = field(*line, "group")};
    if (person.name.empty()) {
      return Error{kInvalidArgument,
                   file.string() + ", line " + std::to_string(line->number) + ": no name"};
    }
    const std::string key =
        person.external_id.empty() ? "name:" + person.name : "id:" + person.external_id;
    const auto [known, added] = index.emplace(key, entries.size());
    if (added) entries.push_back({person, {}});
    if (const auto& other = entries[known->second].person.name; other != person.name) {
      return Error{kInvalidArgument, file.string() + ", line " + std::to_string(line->number) +
                                         ": the external id " + person.external_id + " is " +
                                         other + "'s in an earlier line"};
    }
    std::string rest = field(*line, "photo");
    while (!rest.empty()) {
      const auto end = rest.find(';');
      const std::string photo = trimmed(rest.substr(0, end));
      if (!photo.empty()) entries[known->second].photos.push_back(file.parent_path() / photo);
      rest = end == std::string::npos ? std::string() : rest.substr(end + 1);
    }
  }
  return entries;
}

}  // namespace

Result<std::vector<ImportEntry>> read_import(const fs::path& source) {
  std::error_code code;
  if (fs::is_directory(source, code)) return read_folder(source);
  if (fs::is_regular_file(source, code)) return read_csv(source);
  return Error{kNotFound, source.string() + " is neither a folder nor a CSV file"};
}

}  // namespace surveillx::app
