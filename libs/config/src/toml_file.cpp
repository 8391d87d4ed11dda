#include "toml_file.hpp"

#include "key_table.hpp"
#include "values.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

namespace surveillx::config {
namespace {

std::string line_of(const std::string& file, const toml::source_region& source) {
  return file + ":" + std::to_string(source.begin.line);
}

/// The text of a scalar if its TOML type suits the key's; nothing otherwise.
std::optional<std::string> scalar_text(const toml::node& node, Type type) {
  const bool wants_text = type != Type::integer && type != Type::number && type != Type::boolean;
  if (const auto* text = node.as_string(); text != nullptr && wants_text) return text->get();
  if (const auto* whole = node.as_integer();
      whole != nullptr &&
      (type == Type::integer || type == Type::number || type == Type::duration)) {
    return std::to_string(whole->get());
  }
  if (const auto* real = node.as_floating_point();
      real != nullptr && (type == Type::number || type == Type::duration)) {
    return format_number(real->get());
  }
  if (const auto* truth = node.as_boolean(); truth != nullptr && type == Type::boolean) {
    return truth->get() ? "true" : "false";
  }
  return std::nullopt;
}

std::optional<std::string> list_text(const toml::array& array) {
  std::vector<std::string> items;
  for (const auto& item : array) {
    const auto* text = item.as_string();
    if (text == nullptr || text->get().find(',') != std::string::npos) return std::nullopt;
    items.push_back(text->get());
  }
  return join_list(items);
}

std::string wanted(Type type) {
  switch (type) {
    case Type::integer:
      return "a whole number";
    case Type::number:
      return "a number";
    case Type::boolean:
      return "true or false";
    case Type::duration:
      return "a duration such as \"60s\"";
    case Type::text_list:
      return "a list of texts";
    default:
      return "a text in quotes";
  }
}

void read_section(const std::string& file, std::string_view section, const toml::table& table,
                  std::vector<Setting>& settings, std::vector<Problem>& problems) {
  for (const auto& [name, node] : table) {
    const std::string key = std::string(section) + "." + std::string(name.str());
    const std::string where = line_of(file, name.source());
    const Key* known = find_key(key);
    if (known == nullptr) {
      problems.push_back(unknown_key(where, key));
      continue;
    }
    std::optional<std::string> text;
    if (const auto* array = node.as_array();
        array != nullptr && known->info.type == Type::text_list) {
      text = list_text(*array);
    } else {
      text = scalar_text(node, known->info.type);
    }
    if (!text) {
      problems.push_back({kBadValue, where, key, "must be " + wanted(known->info.type)});
      continue;
    }
    settings.push_back({key, std::move(*text), where});
  }
}

}  // namespace

Problem unknown_key(std::string where, std::string key) {
  std::vector<std::string_view> names;
  for (const auto& known : key_table()) names.push_back(known.info.name);
  // `lisen` within [web] is nearest to `web.listen`; `[wbe] listen` too.
  std::string near = nearest(key, names);
  if (near.empty()) {
    // A right name in a wrong section: compare the names alone.
    const auto dot = key.find('.');
    for (const auto known : names) {
      if (dot != std::string::npos && known.substr(known.find('.')) == key.substr(dot))
        near = known;
    }
  }
  return {kUnknownKey, std::move(where), std::move(key),
          "unknown key" + (near.empty() ? "; `surveillx config schema` lists what there is"
                                        : "; did you mean \"" + near + "\"?")};
}

std::vector<Setting> read_toml(const std::string& file, std::vector<Problem>& problems) {
  std::vector<Setting> settings;
  std::ifstream in(file, std::ios::binary);
  std::stringstream content;
  if (in) content << in.rdbuf();
  if (!in || content.fail()) {
    problems.push_back({kConfigUnreadable, file, "", "cannot be read"});
    return settings;
  }
  toml::table root;
  try {
    // Debian's library is built with exceptions; they end here.
    root = toml::parse(content.str(), file);
  } catch (const toml::parse_error& error) {
    problems.push_back({kConfigSyntax, line_of(file, error.source()), "",
                        "is not TOML: " + std::string(error.description())});
    return settings;
  }
  const auto& sections = section_names();
  for (const auto& [name, node] : root) {
    const std::string_view section = name.str();
    const std::string where = line_of(file, name.source());
    const bool known = std::find(sections.begin(), sections.end(), section) != sections.end();
    const auto* table = node.as_table();
    if (known && table != nullptr) {
      read_section(file, section, *table, settings, problems);
    } else if (known) {
      problems.push_back({kBadValue, where, std::string(section),
                          "must be a section: [" + std::string(section) + "]"});
    } else if (table != nullptr) {
      const std::string near = nearest(section, sections);
      problems.push_back(
          {kUnknownKey, where, std::string(section),
           "unknown section" + (near.empty() ? "" : "; did you mean [" + near + "]?")});
    } else {
      problems.push_back(unknown_key(where, std::string(section)));
    }
  }
  return settings;
}

}  // namespace surveillx::config
