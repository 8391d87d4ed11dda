#pragma once

#include "surveillx/base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace surveillx::store {

/// Text that both databases take: UTF-8 without control characters. Trimmed; at most
/// `max_characters` characters; empty only when `may_be_empty`. Errors: `invalid_argument`, naming
/// `what`.
[[nodiscard]] Result<std::string> clean_text(std::string_view text, const char* what,
                                             std::size_t max_characters, bool may_be_empty);
/// The same for text that is not worth refusing, such as an uploaded file's name.
[[nodiscard]] std::string tolerant_text(std::string_view text, std::size_t max_bytes);
/// Lower case for ASCII, Latin, Greek and Cyrillic letters, so that search and order are the same
/// on both databases whatever their locale.
[[nodiscard]] std::string fold_case(std::string_view utf8);
/// `%text%` for LIKE with escape '\'.
[[nodiscard]] std::string like_pattern(std::string_view folded);

}  // namespace surveillx::store
