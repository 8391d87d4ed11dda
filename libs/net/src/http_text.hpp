#pragma once

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
/// `Not Found` for 404.
[[nodiscard]] std::string reason_phrase(int status);

}  // namespace surveillx::net
