#include "answers.hpp"

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/crypto/password.hpp"
#include "surveillx/store/database.hpp"

#include <boost/json/serialize.hpp>

#include <utility>

namespace surveillx::webapp {

namespace json = boost::json;
using net::HttpResponse;

HttpResponse problem_of(const Error& error) {
  const auto code = error.name.text();
  if (error.is(kNotFound)) return HttpResponse::problem(404, code, error.message);
  if (error.is(kAlreadyExists)) return HttpResponse::problem(409, code, error.message);
  if (error.is(crypto::kWeakPassword) || error.is(attendance::kBadDay)) {
    return HttpResponse::problem(400, code, error.message);
  }
  if (error.is(kInvalidArgument)) return HttpResponse::problem(400, "bad_request", error.message);
  if (error.is(store::kDatabaseUnavailable) || error.is(kUnavailable) || error.is(kTimeout)) {
    log::warn("web.database_unavailable", {{"error", error.message}});
    return try_again(503, "unavailable", "The database cannot be reached; try again shortly.",
                     std::chrono::seconds(2));
  }
  log::error("web.request_failed", {{"error", code}, {"message", error.message}});
  return HttpResponse::problem(500, kInternal.text(), "Something failed; the log says more.");
}

HttpResponse bad_request(std::string_view detail) {
  return HttpResponse::problem(400, "bad_request", detail);
}

HttpResponse try_again(int status, std::string_view code, std::string_view detail,
                       std::chrono::seconds wait) {
  auto response = HttpResponse::problem(status, code, detail);
  response.headers.set("Retry-After", std::to_string(wait.count()));
  return response;
}

HttpResponse too_many_attempts(std::chrono::seconds wait) {
  return try_again(429, "too_many_attempts",
                   "Too many failed attempts; try again in " + std::to_string(wait.count()) + " s.",
                   wait);
}

HttpResponse api_json(int status, const json::object& body) {
  auto response = HttpResponse::json(status, json::serialize(body));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

HttpResponse api_done() {
  HttpResponse response;
  response.status = 204;
  response.headers.set("Cache-Control", "no-store");
  return response;
}

HttpResponse plain_text(int status, std::string text) {
  auto response = HttpResponse::text(status, std::move(text));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace surveillx::webapp
