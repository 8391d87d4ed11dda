#pragma once

#include <string_view>

namespace surveillx::domain {

/// Whether a text may name a media node: 1 to 64 letters, digits, `-`, `_` and `.`, first a letter
/// or a digit.
[[nodiscard]] bool is_node_name(std::string_view text);

}  // namespace surveillx::domain
