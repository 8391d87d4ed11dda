#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/config/keys.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::config {

/// One row: what the outside sees, and how text becomes the field and back. Lists are text joined
/// by commas; `set` validates and leaves the Config as it was when it fails.
struct Key {
  KeyInfo info;
  std::function<Result<void>(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> get;
};

[[nodiscard]] const std::vector<Key>& key_table();
/// Null when there is none.
[[nodiscard]] const Key* find_key(std::string_view name);
[[nodiscard]] const std::vector<std::string_view>& section_names();

/// What may be shown of a value: secrets and passwords within URLs are hidden.
[[nodiscard]] std::string shown(const Key& key, const std::string& value);
/// Whether the value is a secret or has a password in one of its URLs.
[[nodiscard]] bool holds_secret(const Key& key, const std::string& value);

}  // namespace surveillx::config
