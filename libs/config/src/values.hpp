#pragma once

#include "surveillx/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text to value, with messages that say what would have been right.
namespace surveillx::config {

[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text, std::int64_t min,
                                                 std::int64_t max);
[[nodiscard]] Result<double> parse_number(std::string_view text, double min, double max);
[[nodiscard]] Result<bool> parse_boolean(std::string_view text);
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                               std::chrono::milliseconds min,
                                                               std::chrono::milliseconds max);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds value);
[[nodiscard]] std::string format_number(double value);

struct ListenAddress {
  std::string host;  ///< Empty: every address. IPv6 without brackets.
  std::uint16_t port = 0;
};
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);
/// `schemes` as `http`; checks scheme, host and port.
[[nodiscard]] Result<void> check_url(std::string_view text,
                                     const std::vector<std::string_view>& schemes);
/// `stun:HOST[:PORT]` and `turn[s]:[USER:PASSWORD@]HOST[:PORT][?transport=...]`, with or without
/// `//`.
[[nodiscard]] Result<void> check_ice_url(std::string_view text,
                                         const std::vector<std::string_view>& schemes);
[[nodiscard]] Result<void> check_ip_address(std::string_view text);
/// `10.1.0.0/16`, `fd00::/8`, or an address alone.
[[nodiscard]] Result<void> check_network(std::string_view text);
/// `http[s]://HOST[:PORT][/PATH]`, without user, query and fragment.
[[nodiscard]] Result<void> check_external_url(std::string_view text);
/// `/sx` or `/tools/sx`, with or without a slash at its end.
[[nodiscard]] Result<void> check_base_path(std::string_view text);
[[nodiscard]] Result<void> check_timezone(std::string_view text);
[[nodiscard]] Result<void> check_database_url(std::string_view text);

[[nodiscard]] std::string trim(std::string_view text);
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);
[[nodiscard]] std::string join_list(const std::vector<std::string>& items);
/// The URLs of a list as somebody meant them who did not encode the commas of a password: what
/// begins with no scheme goes on with the URL before.
[[nodiscard]] std::vector<std::string> urls_as_written(std::string_view list);

}  // namespace surveillx::config
