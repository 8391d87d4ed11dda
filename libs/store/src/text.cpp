#include "text.hpp"

#include "surveillx/base/unicode.hpp"

#include <cstdint>
#include <optional>

namespace surveillx::store {

namespace {

/// Takes one character off `text`; nothing when it is not well-formed UTF-8 (RFC 3629).
std::optional<char32_t> next_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80             ? 1
                             : (first & 0xe0) == 0xc0 ? 2
                             : (first & 0xf0) == 0xe0 ? 3
                             : (first & 0xf8) == 0xf0 ? 4
                                                      : 0;
  if (length == 0 || length > text.size()) return std::nullopt;
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  char32_t value = length == 1 ? first : first & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    value = (value << 6) | (byte & 0x3fu);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[length] || value > 0x10ffff || surrogate) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

Result<std::string> clean_text(std::string_view text, const char* what, std::size_t max_characters,
                               bool may_be_empty) {
  const std::string_view clean = trimmed(text);
  if (clean.empty() && !may_be_empty) {
    return Error{kInvalidArgument, std::string(what) + " is empty"};
  }
  std::size_t characters = 0;
  for (std::string_view rest = clean; !rest.empty(); ++characters) {
    const auto character = next_character(rest);
    if (!character || is_control(*character)) {
      return Error{kInvalidArgument, std::string(what) + " has control characters or is not UTF-8"};
    }
  }
  if (characters > max_characters) {
    return Error{kInvalidArgument, std::string(what) + " is longer than " +
                                       std::to_string(max_characters) + " characters"};
  }
  return unicode::composed(clean);
}

std::string tolerant_text(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto character = next_character(text);
    if (!character) text.remove_prefix(1);
    const std::string_view bytes = before.substr(0, before.size() - text.size());
    if (out.size() + bytes.size() > max_bytes) break;
    if (character && !is_control(*character)) {
      out += bytes;
    } else {
      out += '?';
    }
  }
  return out;
}

std::string fold_case(std::string_view text) {
  return unicode::compared(unicode::is_utf8(text) ? std::string(text)
                                                  : tolerant_text(text, text.size()));
}

std::string like_pattern(std::string_view folded) {
  std::string out = "%";
  for (const char c : folded) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

}  // namespace surveillx::store
