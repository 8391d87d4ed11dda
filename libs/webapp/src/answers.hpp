#pragma once

#include "surveillx/base/error.hpp"
#include "surveillx/net/http.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <string>
#include <string_view>

/// What resources answer with (RFC 9457 problems, JSON that nobody keeps).
namespace surveillx::webapp {

/// An answer for a store's or a library's Error.
[[nodiscard]] net::HttpResponse problem_of(const Error& error);
[[nodiscard]] net::HttpResponse bad_request(std::string_view detail);
/// 429 with Retry-After.
[[nodiscard]] net::HttpResponse too_many_attempts(std::chrono::seconds wait);

/// A path below /api that nobody may keep in a cache.
[[nodiscard]] net::HttpResponse api_json(int status, const boost::json::object& body);
/// 204, as little kept.
[[nodiscard]] net::HttpResponse api_done();
/// The same for probes and monitoring.
[[nodiscard]] net::HttpResponse plain_text(int status, std::string text);

/// How JSON says that there is nothing to say.
[[nodiscard]] boost::json::value text_or_null(const std::string& text);

}  // namespace surveillx::webapp
