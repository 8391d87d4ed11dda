#include "surveillx/enrolment/import.hpp"

#include "surveillx/base/unicode.hpp"
#include "surveillx/enrolment/csv.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>

namespace surveillx::enrolment {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxTableBytes = 64 * 1024 * 1024;
constexpr std::array<const char*, 4> kColumns{"name", "external_id", "group", "photo"};
constexpr const char* kColumnsText = "name, external_id, group, photo";

Error bad(std::string message) { return {kInvalidArgument, std::move(message)}; }

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

std::string name_of_folder(const std::string& folder) {
  std::string name = folder;
  std::replace(name.begin(), name.end(), '_', ' ');
  return unicode::composed(unicode::one_line(name));
}

Result<ImportList> read_folder(const fs::path& folder) {
  ImportList list;
  std::error_code code;
  for (const auto& child : fs::directory_iterator(folder, code)) {
    if (!child.is_directory(code) || child.path().filename().string().starts_with('.')) continue;
    ImportEntry entry;
    entry.folder_name = child.path().filename().string();
    entry.person.name = name_of_folder(entry.folder_name);
    std::error_code unreadable;
    for (const auto& file : fs::directory_iterator(child.path(), unreadable)) {
      if (file.is_regular_file(unreadable) && may_be_photo(file.path())) {
        entry.photos.push_back(file.path());
      }
    }
    if (unreadable) {
      return Error{kIo, child.path().string() + " cannot be read: " + unreadable.message()};
    }
    list.entries.push_back(std::move(entry));
  }
  if (code) return Error{kIo, folder.string() + " cannot be read: " + code.message()};
  if (list.entries.empty()) {
    return bad(folder.string() + " has no folders; make one for each person, with the photos in");
  }
  std::sort(list.entries.begin(), list.entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.person.name, a.folder_name) < std::tie(b.person.name, b.folder_name);
  });
  // One name in two spellings (of letters, or with and without underscores) is one person.
  std::vector<ImportEntry> merged;
  for (ImportEntry& entry : list.entries) {
    if (!merged.empty() && merged.back().person.name == entry.person.name) {
      auto& photos = merged.back().photos;
      photos.insert(photos.end(), entry.photos.begin(), entry.photos.end());
    } else {
      merged.push_back(std::move(entry));
    }
  }
  for (ImportEntry& entry : merged) std::sort(entry.photos.begin(), entry.photos.end());
  list.entries = std::move(merged);
  return list;
}

/// A header as it is compared: `External ID` is external_id.
std::string header_key(const std::string& header) {
  std::string key = unicode::compared(unicode::one_line(header));
  std::replace(key.begin(), key.end(), ' ', '_');
  std::replace(key.begin(), key.end(), '-', '_');
  return key == "photos" ? "photo" : key;
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// Where each of our columns is in the table.
using Places = std::map<std::string, std::size_t>;

Result<Places> mapped_places(const CsvRow& header, const ImportOptions& options,
                             std::vector<std::string>& unused) {
  Places places;
  std::vector<bool> used(header.fields.size(), false);
  for (const auto& [ours, theirs] : options.columns) {
    const std::string wanted = header_key(theirs);
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < header.fields.size(); ++i) {
      if (header_key(header.fields[i]) != wanted) continue;
      if (found) return bad("two columns are called '" + theirs + "'; rename one");
      found = i;
    }
    if (!found) {
      return bad("there is no column '" + theirs + "' (for " + ours +
                 "); there are: " + listed(header.fields));
    }
    places[ours] = *found;
    used[*found] = true;
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i] && !header.fields[i].empty()) unused.push_back(header.fields[i]);
  }
  return places;
}

Result<Places> own_places(const CsvRow& header) {
  Places places;
  std::vector<std::string> unknown;
  for (std::size_t i = 0; i < header.fields.size(); ++i) {
    const std::string key = header_key(header.fields[i]);
    if (key.empty()) continue;  // A value below it is refused with its line.
    if (std::find(kColumns.begin(), kColumns.end(), key) == kColumns.end()) {
      unknown.push_back(header.fields[i]);
    } else if (!places.emplace(key, i).second) {
      return bad("two columns are called '" + header.fields[i] + "'; remove or rename one");
    }
  }
  if (unknown.empty() && places.contains("name")) return places;
  std::string problem = "no column `name`";
  if (places.contains("name")) problem = "columns that mean nothing here: " + listed(unknown);
  return bad(problem + ". Known are " + kColumnsText + "; found were " + listed(header.fields) +
             ". Rename them, or say which is which: --columns name=" + header.fields.front() +
             ",external_id=...,group=...,photo=...; what is not named there is left out");
}

/// A name, id or group as it is meant: one line, composed.
std::string meant(const std::string& field) {
  return unicode::composed(unicode::one_line(field));
}

/// An external id without what spreadsheets need to leave it alone: `="0017"`, `'0017`.
Result<std::string> meant_id(const std::string& field) {
  std::string id = meant(field);
  if (id.size() >= 3 && id.starts_with("=\"") && id.ends_with('"')) id = id.substr(2, id.size() - 3);
  if (id.size() >= 2 && id.front() == '\'') id = id.substr(1);
  static const std::regex kShortened("[0-9]+([.,][0-9]+)?[eE][+][0-9]+");
  if (id.size() < 40 && std::regex_match(id, kShortened)) {
    return bad("the external id " + id +
               " was shortened by a spreadsheet; format the column as text and fill it in again");
  }
  return id;
}

/// The file that `path` means: as written, with the other kind of slash, or in the other spelling of
/// its letters. As written when there is none.
fs::path found_photo(const fs::path& folder, const std::string& path) {
  std::error_code code;
  const fs::path written = folder / path;
  if (fs::exists(written, code)) return written;
  std::string slashed = path;
  std::replace(slashed.begin(), slashed.end(), '\\', '/');
  for (const std::string& spelling :
       {slashed, unicode::composed(slashed), unicode::decomposed(slashed)}) {
    if (fs::exists(folder / spelling, code)) return folder / spelling;
  }
  return written;
}

void add_photos(const fs::path& folder, const std::string& field, std::vector<fs::path>& photos) {
  std::size_t begin = 0;
  while (begin <= field.size()) {
    const std::size_t end = std::min(field.find_first_of(";\r\n", begin), field.size());
    const std::string path = unicode::one_line(field.substr(begin, end - begin));
    if (!path.empty()) photos.push_back(found_photo(folder, path));
    begin = end + 1;
  }
}

std::string text_of(std::string_view text) { return std::string(text); }

}  // namespace

Result<std::map<std::string, std::string>> parse_columns(const std::string& text) {
  std::map<std::string, std::string> columns;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string pair = text.substr(begin, end - begin);
    begin = end + 1;
    const auto equals = pair.find('=');
    const std::string ours = header_key(pair.substr(0, equals));
    if (equals == std::string::npos ||
        std::find(kColumns.begin(), kColumns.end(), ours) == kColumns.end()) {
      return bad("--columns takes OURS=THEIRS,..., where OURS is one of " + text_of(kColumnsText) +
                 ", not '" + pair + "'");
    }
    if (!columns.emplace(ours, pair.substr(equals + 1)).second) {
      return bad("--columns names " + ours + " twice");
    }
  }
  if (!columns.contains("name")) return bad("--columns must say which column is the name");
  return columns;
}

Result<ImportList> read_table(std::string_view text, const fs::path& folder,
                              const ImportOptions& options) {
  auto table = parse_csv(text);
  if (!table) return table.error();
  if (table->rows.empty()) return bad("it is empty");
  ImportList list;
  list.blank_rows = table->blank_rows;
  const CsvRow& header = table->rows.front();
  const auto places = options.columns.empty()
                          ? own_places(header)
                          : mapped_places(header, options, list.unused_columns);
  if (!places) {
    return bad("line " + std::to_string(header.line) + ": " + places.error().message);
  }
  const auto field = [&](const CsvRow& row, const char* column) -> std::string {
    const auto found = places->find(column);
    if (found == places->end() || found->second >= row.fields.size()) return {};
    return row.fields[found->second];
  };

  std::map<std::string, std::size_t> index;
  for (auto row = table->rows.begin() + 1; row != table->rows.end(); ++row) {
    const std::string at = "line " + std::to_string(row->line) + ": ";
    for (std::size_t i = 0; i < row->fields.size(); ++i) {
      const bool nameless = i >= header.fields.size() || header.fields[i].empty();
      if (!nameless || row->fields[i].empty()) continue;
      return bad(at + "'" + row->fields[i] + "' is in no column (the first row names " +
                 std::to_string(header.fields.size()) +
                 "); a value with a separator in it needs quotes around it");
    }
    const auto id = meant_id(field(*row, "external_id"));
    if (!id) return bad(at + id.error().message);
    const store::NewPerson person{.name = meant(field(*row, "name")),
                                  .external_id = *id,
                                  .group = meant(field(*row, "group"))};
    if (person.name.empty()) return bad(at + "no name");
    const std::string key =
        person.external_id.empty() ? "name:" + person.name : "id:" + person.external_id;
    const auto [known, added] = index.emplace(key, list.entries.size());
    if (added) list.entries.push_back({person, "", {}});
    ImportEntry& entry = list.entries[known->second];
    if (entry.person.name != person.name) {
      return bad(at + "the external id " + person.external_id + " is " + entry.person.name +
                 "'s in an earlier line");
    }
    if (entry.person.group != person.group) {
      return bad(at + person.name + " is in the group '" + entry.person.group +
                 "' in an earlier line, here in '" + person.group + "'");
    }
    add_photos(folder, field(*row, "photo"), entry.photos);
  }
  return list;
}

Result<ImportList> read_import(const fs::path& source, const ImportOptions& options) {
  std::error_code code;
  if (fs::is_directory(source, code)) return read_folder(source);
  if (!fs::is_regular_file(source, code)) {
    return Error{kNotFound, source.string() + " is neither a folder nor a CSV file"};
  }
  if (fs::file_size(source, code) > kMaxTableBytes) {
    return bad(source.string() + " is larger than 64 MB");
  }
  std::ifstream in(source, std::ios::binary);
  const Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in || code) return Error{kIo, source.string() + " cannot be read"};
  const auto named = [&](const Error& error) {
    return Error{error.name, source.string() + ": " + error.message};
  };
  const auto text = table_text(bytes, options.encoding);
  if (!text) return named(text.error());
  auto list = read_table(*text, source.parent_path(), options);
  if (!list) return named(list.error());
  if (list->entries.empty()) return bad(source.string() + " names nobody below its first row");
  return list;
}

}  // namespace surveillx::enrolment
