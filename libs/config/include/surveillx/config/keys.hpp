#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The table of keys, as data: it drives loading, `config explain`, `config schema` and the docs.
namespace surveillx::config {

enum class Type {
  text,
  text_list,
  integer,
  number,
  boolean,
  duration,  ///< `500ms`, `60s`, `5m`, `12h`; a bare number means seconds.
  listen,    ///< `HOST:PORT`, `[::1]:PORT` or `:PORT`.
  url,
  path,
  choice,
};
[[nodiscard]] std::string_view to_string(Type);

struct KeyInfo {
  std::string_view name;  ///< `section.key`
  Type type;
  std::string default_text;
  std::string_view help;
  bool secret = false;
  bool needs_restart = true;  ///< Another value counts from the next start only.
  std::vector<std::string_view> choices;  ///< Of `Type::choice`.
};

/// Every key, by section in the order of the documentation.
[[nodiscard]] const std::vector<KeyInfo>& keys();

/// The known key or name nearest to `text` (Damerau-Levenshtein), or empty when none is near.
[[nodiscard]] std::string nearest(std::string_view text,
                                  const std::vector<std::string_view>& known);

/// A JSON schema (2020-12) of the file's contents.
[[nodiscard]] std::string json_schema();

}  // namespace surveillx::config
