#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text as people mean it (ICU inside): one name in two spellings (composed, as most programs write
/// it, and decomposed, as file systems of macOS do) is one name. All functions are thread-safe and
/// leave text that is no UTF-8 as it is.
namespace surveillx::unicode {

[[nodiscard]] bool is_utf8(std::string_view text);
/// Code points; bytes when it is no UTF-8.
[[nodiscard]] std::size_t length(std::string_view text);
/// Normalisation form C: what is stored and shown.
[[nodiscard]] std::string composed(std::string_view text);
/// Normalisation form D.
[[nodiscard]] std::string decomposed(std::string_view text);
/// NFKC with case folded (UAX #31, NFKC_Casefold): what names are compared and searched by.
[[nodiscard]] std::string compared(std::string_view text);
/// A password as RFC 8265 prepares it (OpaqueString): other spaces are U+0020, form C. Case stays.
[[nodiscard]] std::string opaque(std::string_view text);

/// Letters, marks and digits of any language and the given ASCII characters, and nothing that mixes
/// scripts so that it could be taken for another name (UTS #39, highly restrictive): a Cyrillic `a`
/// among Latin letters.
[[nodiscard]] bool is_identifier(std::string_view text, std::string_view also_allowed);

/// `text` without what only looks like space or breaks lines: runs of any space and line break
/// become one U+0020, none at the ends.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace surveillx::unicode
