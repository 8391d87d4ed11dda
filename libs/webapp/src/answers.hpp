#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/http.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <string>
#include <string_view>

/// What resources answer with (RFC 9457 problems, JSON that nobody keeps).
namespace surveillx::webapp {

/// An answer for a store's or a library's Error.
[[nodiscard]] net::HttpResponse problem_of(const Error& error);
[[nodiscard]] net::HttpResponse bad_request(std::string_view detail);
/// With Retry-After.
[[nodiscard]] net::HttpResponse try_again(int status, std::string_view code,
                                          std::string_view detail,
                                          std::chrono::seconds wait = std::chrono::seconds(1));
/// 429 with Retry-After.
[[nodiscard]] net::HttpResponse too_many_attempts(std::chrono::seconds wait);

/// A path below /api that nobody may keep in a cache.
[[nodiscard]] net::HttpResponse api_json(int status, const boost::json::object& body);
/// 204, as little kept.
[[nodiscard]] net::HttpResponse api_done();
/// The same for probes and monitoring.
[[nodiscard]] net::HttpResponse plain_text(int status, std::string text);

}  // namespace surveillx::webapp
