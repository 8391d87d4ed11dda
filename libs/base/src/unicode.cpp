#include "surveillx/base/unicode.hpp"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace surveillx::unicode {
namespace {

using Utf16 = std::u16string;

/// Nothing when `text` is no UTF-8 (RFC 3629).
std::optional<Utf16> to_utf16(std::string_view text) {
  Utf16 out(text.size(), u'\0');  // Never more units than bytes.
  std::int32_t size = 0;
  UErrorCode code = U_ZERO_ERROR;
  u_strFromUTF8(out.data(), static_cast<std::int32_t>(out.size()), &size, text.data(),
                static_cast<std::int32_t>(text.size()), &code);
  if (U_FAILURE(code)) return std::nullopt;
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string to_utf8(const Utf16& text) {
  std::string out(text.size() * 3, '\0');
  std::int32_t size = 0;
  UErrorCode code = U_ZERO_ERROR;
  u_strToUTF8(out.data(), static_cast<std::int32_t>(out.size()), &size, text.data(),
              static_cast<std::int32_t>(text.size()), &code);
  out.resize(U_FAILURE(code) ? 0 : static_cast<std::size_t>(size));
  return out;
}

using Form = const UNormalizer2* (*)(UErrorCode*);

std::string normalised(std::string_view text, Form form) {
  const auto wide = to_utf16(text);
  UErrorCode code = U_ZERO_ERROR;
  const UNormalizer2* normaliser = form(&code);
  if (!wide || U_FAILURE(code)) return std::string(text);
  // NFKC makes 18 units of one at most (UAX #15), but hardly ever any: a second try is enough.
  Utf16 out(wide->size() + 16, u'\0');
  for (int i = 0; i < 2; ++i) {
    code = U_ZERO_ERROR;
    const std::int32_t size = unorm2_normalize(
        normaliser, wide->data(), static_cast<std::int32_t>(wide->size()), out.data(),
        static_cast<std::int32_t>(out.size()), &code);
    if (code == U_BUFFER_OVERFLOW_ERROR) {
      out.resize(static_cast<std::size_t>(size));
      continue;
    }
    if (U_FAILURE(code)) return std::string(text);
    out.resize(static_cast<std::size_t>(size));
    return to_utf8(out);
  }
  return std::string(text);
}

/// Calls `each(code point)` for the characters of well-formed UTF-8.
template <class Each>
void for_each(std::string_view text, Each each) {
  const Utf16 wide = to_utf16(text).value_or(Utf16());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    auto c = static_cast<UChar32>(wide[i]);
    if (U16_IS_LEAD(c) && i + 1 < wide.size()) c = U16_GET_SUPPLEMENTARY(c, wide[++i]);
    each(c);
  }
}

void append(std::string& out, UChar32 c) {
  char bytes[U8_MAX_LENGTH];
  std::int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, c);
  out.append(bytes, static_cast<std::size_t>(size));
}

bool is_space(UChar32 c) { return u_isUWhiteSpace(c) != 0 || c == 0x200B || c == 0xFEFF; }

bool mixes_scripts(std::string_view text) {
  UErrorCode code = U_ZERO_ERROR;
  const std::unique_ptr<USpoofChecker, decltype(&uspoof_close)> checker(uspoof_open(&code),
                                                                       uspoof_close);
  if (U_FAILURE(code)) return true;
  uspoof_setRestrictionLevel(checker.get(), USPOOF_HIGHLY_RESTRICTIVE);
  uspoof_setChecks(checker.get(), USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE, &code);
  const auto found = uspoof_check2UTF8(checker.get(), text.data(),
                                       static_cast<std::int32_t>(text.size()), nullptr, &code);
  return U_FAILURE(code) || found != 0;
}

}  // namespace

bool is_utf8(std::string_view text) { return to_utf16(text).has_value(); }

std::size_t length(std::string_view text) {
  if (!is_utf8(text)) return text.size();
  std::size_t count = 0;
  for_each(text, [&](UChar32) { ++count; });
  return count;
}

std::string composed(std::string_view text) { return normalised(text, unorm2_getNFCInstance); }
std::string decomposed(std::string_view text) { return normalised(text, unorm2_getNFDInstance); }
std::string compared(std::string_view text) {
  return normalised(text, unorm2_getNFKCCasefoldInstance);
}

std::string opaque(std::string_view text) {
  if (!is_utf8(text)) return std::string(text);
  std::string out;
  for_each(text, [&](UChar32 c) { append(out, u_charType(c) == U_SPACE_SEPARATOR ? ' ' : c); });
  return composed(out);
}

bool is_identifier(std::string_view text, std::string_view also_allowed) {
  if (!is_utf8(text)) return false;
  bool allowed = true;
  bool ascii = true;
  for_each(text, [&](UChar32 c) {
    constexpr std::uint32_t kParts = U_GC_L_MASK | U_GC_MN_MASK | U_GC_MC_MASK | U_GC_ND_MASK;
    const bool part = (U_GET_GC_MASK(c) & kParts) != 0;
    const bool given =
        c < 0x80 && also_allowed.find(static_cast<char>(c)) != std::string_view::npos;
    allowed = allowed && (part || given);
    ascii = ascii && c < 0x80;
  });
  return allowed && (ascii || !mixes_scripts(text));
}

std::string one_line(std::string_view text) {
  if (!is_utf8(text)) return std::string(text);
  std::string out;
  bool space = false;
  for_each(text, [&](UChar32 c) {
    if (is_space(c)) {
      space = true;
      return;
    }
    if (space && !out.empty()) out += ' ';
    space = false;
    append(out, c);
  });
  return out;
}

}  // namespace surveillx::unicode
