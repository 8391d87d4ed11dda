#include "surveillx/config/hide_password.hpp"

#include "surveillx/base/bytes.hpp"

#include "values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace surveillx::config {
namespace {

constexpr auto kNone = std::string_view::npos;

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Where a URL's text begins after its scheme; 0: it has none.
std::size_t after_scheme(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == kNone) return 0;
  const auto scheme = text.substr(0, colon);
  if (text.substr(colon + 1).starts_with("//")) {
    return !scheme.empty() && std::all_of(scheme.begin(), scheme.end(), is_letter) ? colon + 3 : 0;
  }
  constexpr std::array<std::string_view, 5> kWithoutSlashes{"stun", "stuns", "turn", "turns",
                                                            "sqlite"};
  const bool known =
      std::find(kWithoutSlashes.begin(), kWithoutSlashes.end(), scheme) != kWithoutSlashes.end();
  return known ? colon + 1 : 0;
}

/// libpq decodes the names of parameters as well.
bool names_secret(std::string_view written) {
  std::string name;
  for (std::size_t i = 0; i < written.size(); ++i) {
    char c = written[i];
    if (const int byte = percent_decoded_byte(written, i); byte >= 0) {
      c = static_cast<char>(byte);
      i += 2;
    }
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (name == "passfile") return false;  // A path: what is in the file is not here.
  constexpr std::array<std::string_view, 4> kParts{"pass", "pwd", "secret", "token"};
  return name.ends_with("_key") ||  // scram_client_key, scram_server_key
         std::any_of(kParts.begin(), kParts.end(), [&name](std::string_view part) {
           return name.find(part) != std::string::npos;
         });
}

Range account_password(std::string_view text) {
  // The last one: libpq takes the first before a slash, but people write passwords as they are.
  const auto at = text.rfind('@');
  const auto colon = text.find(':', after_scheme(text));
  if (at == kNone || colon == kNone || colon > at) return {};
  return {colon + 1, at};
}

/// Up to the next parameter: what follows an `&` without a name belongs to the value.
std::size_t end_of_value(std::string_view text, std::size_t begin) {
  for (auto end = text.find('&', begin); end != kNone; end = text.find('&', end + 1)) {
    const auto next = text.find_first_of("=&", end + 1);
    if (next != kNone && text[next] == '=') return end;
  }
  return text.size();
}

void add_parameters(std::string_view text, std::vector<Range>& ranges) {
  // After every question mark: the first may be one of the password's.
  for (auto at = text.find('?'); at != kNone; at = text.find_first_of("?&", at + 1)) {
    const auto equals = text.find_first_of("=?&", at + 1);
    if (equals == kNone || text[equals] != '=') continue;
    if (!names_secret(text.substr(at + 1, equals - at - 1))) continue;
    ranges.push_back({equals + 1, end_of_value(text, equals + 1)});
  }
}

/// `host=db password = 's3 cret'`, which is no value of ours and yet quoted in messages.
void add_words(std::string_view text, std::vector<Range>& ranges) {
  for (auto equals = text.find('='); equals != kNone; equals = text.find('=', equals + 1)) {
    const std::string before = trim(text.substr(0, equals));
    const auto space = before.find_last_of(" \t\r\n");
    if (!names_secret(std::string_view(before).substr(space == kNone ? 0 : space + 1))) continue;
    ranges.push_back({equals + 1, text.size()});
    return;
  }
}

/// In order, none of them empty, none overlapping another.
std::vector<Range> passwords_in(std::string_view text) {
  std::vector<Range> found{account_password(text)};
  add_parameters(text, found);
  if (after_scheme(text) == 0) add_words(text, found);
  std::sort(found.begin(), found.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::vector<Range> ranges;
  for (const auto& range : found) {
    if (range.begin >= range.end) continue;
    if (!ranges.empty() && range.begin <= ranges.back().end) {
      ranges.back().end = std::max(ranges.back().end, range.end);
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

}  // namespace

std::string hide_password(std::string_view url) {
  std::string shown;
  std::size_t at = 0;
  for (const auto& range : passwords_in(url)) {
    shown += url.substr(at, range.begin - at);
    shown += "***";
    at = range.end;
  }
  shown += url.substr(at);
  return shown;
}

bool has_password(std::string_view url) { return !passwords_in(url).empty(); }

std::vector<std::string> urls_as_written(std::string_view list) {
  std::vector<std::string> urls;
  for (auto& item : split_list(list)) {
    if (urls.empty() || after_scheme(item) > 0) {
      urls.push_back(std::move(item));
    } else {
      urls.back() += "," + item;
    }
  }
  return urls;
}

}  // namespace surveillx::config
