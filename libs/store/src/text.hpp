#pragma once

#include "surveillx/base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace surveillx::store {

/// Text that both databases take: UTF-8 without control characters. Trimmed and composed; at most
/// `max_characters` characters; empty only when `may_be_empty`. Errors: `invalid_argument`, naming
/// `what`.
[[nodiscard]] Result<std::string> clean_text(std::string_view text, const char* what,
                                             std::size_t max_characters, bool may_be_empty);
/// The same for text that is not worth refusing, such as an uploaded file's name.
[[nodiscard]] std::string tolerant_text(std::string_view text, std::size_t max_bytes);
/// What names are compared, searched and ordered by (`unicode::compared`), the same on both databases
/// whatever their locale. What is not UTF-8 counts as `?`.
[[nodiscard]] std::string fold_case(std::string_view text);
/// `%text%` for LIKE with escape '\'.
[[nodiscard]] std::string like_pattern(std::string_view folded);

[[nodiscard]] inline Error no_such_person() { return {kNotFound, "there is no such person"}; }

}  // namespace surveillx::store
