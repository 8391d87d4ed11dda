#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::net {

/// ASCII letters only, as header names and tokens compare (RFC 9110 section 5.1).
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// Whether a comma-separated list holds `token`.
[[nodiscard]] bool has_token(std::string_view list, std::string_view token);
/// RFC 9110 `token`.
[[nodiscard]] bool is_field_name(std::string_view text);
/// Free of line ends and NUL: what may follow a field's colon without splitting the message.
[[nodiscard]] bool is_field_value(std::string_view text);
/// Whether an ETag stands in an If-None-Match: weak comparison, as GET asks for (RFC 9110 section
/// 8.8.3.2).
[[nodiscard]] bool any_etag_matches(std::string_view if_none_match, std::string_view etag);
/// `Not Found` for 404.
[[nodiscard]] std::string reason_phrase(int status);
/// IMF-fixdate (RFC 9110 section 5.6.7).
[[nodiscard]] std::string http_date(std::time_t time);
/// Of an IMF-fixdate; the two obsolete forms, which nobody sends, are not read.
[[nodiscard]] std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace surveillx::net
