#include "surveillx/config/keys.hpp"

#include "key_table.hpp"

#include <algorithm>
#include <cctype>
#include <limits>

namespace surveillx::config {
namespace {

/// Damerau-Levenshtein with adjacent swaps ("optimal string alignment"), without case.
std::size_t distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  };
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                          d[i - 1][j - 1] + (same(a[i - 1], b[j - 1]) ? 0U : 1U)});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string schema_of(const KeyInfo& key) {
  std::string type;
  switch (key.type) {
    case Type::integer:
      type = R"("type": "integer")";
      break;
    case Type::number:
      type = R"("type": "number")";
      break;
    case Type::boolean:
      type = R"("type": "boolean")";
      break;
    case Type::duration:
      type = R"("type": ["string", "integer", "number"])";
      break;
    case Type::text_list:
      type = R"("type": ["array", "string"], "items": {"type": "string"})";
      break;
    case Type::choice: {
      type = R"("type": "string", "enum": [)";
      for (std::size_t i = 0; i < key.choices.size(); ++i) {
        type += (i == 0 ? "" : ", ") + json_string(key.choices[i]);
      }
      type += "]";
      break;
    }
    case Type::text:
    case Type::listen:
    case Type::url:
    case Type::path:
      type = R"("type": "string")";
      break;
  }
  type += ", \"description\": " + json_string(key.help);
  if (key.default_text.empty()) return "{" + type + "}";
  switch (key.type) {
    case Type::integer:
    case Type::number:
    case Type::boolean:
      type += ", \"default\": " + key.default_text;
      break;
    case Type::text_list:
      type += ", \"default\": [" + json_string(key.default_text) + "]";
      break;
    default:
      type += ", \"default\": " + json_string(key.default_text);
      break;
  }
  return "{" + type + "}";
}

}  // namespace

std::string_view to_string(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::text_list:
      return "list";
    case Type::integer:
      return "integer";
    case Type::number:
      return "number";
    case Type::boolean:
      return "boolean";
    case Type::duration:
      return "duration";
    case Type::listen:
      return "address";
    case Type::url:
      return "url";
    case Type::path:
      return "path";
    case Type::choice:
      return "choice";
  }
  return "";
}

const std::vector<KeyInfo>& keys() {
  static const std::vector<KeyInfo> infos = [] {
    std::vector<KeyInfo> all;
    for (const auto& key : key_table()) all.push_back(key.info);
    return all;
  }();
  return infos;
}

std::string nearest(std::string_view text, const std::vector<std::string_view>& known) {
  std::string best;
  // A third of the letters may be wrong: more, and the hint is noise.
  std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
  for (const auto candidate : known) {
    const auto d = distance(text, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = std::string(candidate);
    }
  }
  return best;
}

std::string json_schema() {
  std::string out =
      "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
      "  \"title\": \"surveillx.toml\",\n  \"type\": \"object\",\n"
      "  \"additionalProperties\": false,\n  \"properties\": {";
  bool first_section = true;
  for (const auto section : section_names()) {
    out += first_section ? "\n" : ",\n";
    first_section = false;
    out += "    " + json_string(section) +
           ": {\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n"
           "      \"properties\": {";
    bool first_key = true;
    for (const auto& key : keys()) {
      const auto dot = key.name.find('.');
      if (key.name.substr(0, dot) != section) continue;
      out += first_key ? "\n" : ",\n";
      first_key = false;
      out += "        " + json_string(key.name.substr(dot + 1)) + ": " + schema_of(key);
    }
    out += "\n      }\n    }";
  }
  return out + "\n  }\n}\n";
}

}  // namespace surveillx::config
