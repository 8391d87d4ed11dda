#pragma once

#include "surveillx/net/http.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::webapp {

/// A password that is longer is none of anybody's, and hashing it costs us.
inline constexpr std::size_t kMaxPassword = 1024;

/// The body, when it is a JSON object.
[[nodiscard]] std::optional<boost::json::object> body_object(const net::HttpRequest& request);
/// A member that has to be a text of at most `max` bytes; nothing when it is not.
[[nodiscard]] std::optional<std::string> text_member(const boost::json::object& object,
                                                     std::string_view name, std::size_t max);

}  // namespace surveillx::webapp
