#pragma once

#include <string>
#include <string_view>

namespace surveillx::app {

/// `bytes` for JSON: what is not UTF-8 (RFC 3629) becomes U+FFFD. File names may hold anything.
[[nodiscard]] std::string utf8_text(std::string_view bytes);

}  // namespace surveillx::app
