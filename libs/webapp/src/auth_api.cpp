#include "surveillx/base/log.hpp"
#include "surveillx/crypto/token.hpp"

#include "api.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <optional>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponder;
using net::HttpResponse;

constexpr std::size_t kMaxBody = 16 * 1024;
constexpr std::size_t kMaxPassword = 1024;

HttpResponse bad_request(std::string_view detail) {
  return HttpResponse::problem(400, "bad_request", detail);
}

std::optional<json::object> parse_body(const HttpRequest& request) {
  if (request.body.size() > kMaxBody) return std::nullopt;
  json::error_code code;
  auto value = json::parse(request.body, code);
  if (code.failed() || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::optional<std::string> text(const json::object& object, std::string_view name,
                                std::size_t max) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().size() > max) {
    return std::nullopt;
  }
  return std::string(value->get_string());
}

HttpResponse too_many(std::chrono::seconds wait) {
  auto response = HttpResponse::problem(
      429, "too_many_attempts",
      "Too many failed attempts; try again in " + std::to_string(wait.count()) + " s.");
  response.headers.set("Retry-After", std::to_string(wait.count()));
  return response;
}

HttpResponse busy() {
  auto response = HttpResponse::problem(503, "unavailable", "Busy; try again shortly.");
  response.headers.set("Retry-After", "1");
  return response;
}

json::object user_json(const domain::User& user) {
  json::object object;
  object["id"] = user.id.str();
  object["username"] = user.username;
  object["role"] = domain::to_string(user.role);
  return object;
}

/// One sign-in on its way from the loop through the password pool and back.
class Login : public std::enable_shared_from_this<Login> {
 public:
  Login(const ApiParts& parts, HttpRequest request, HttpResponder respond)
      : parts_(parts),
        request_(std::move(request)),
        respond_(std::move(respond)),
        attempts_(parts.metrics.counter("logins_total", "Sign-ins by outcome.",
                                        {{"result", "succeeded"}})),
        failures_(
            parts.metrics.counter("logins_total", "Sign-ins by outcome.", {{"result", "failed"}})),
        throttled_(parts.metrics.counter("logins_total", "Sign-ins by outcome.",
                                         {{"result", "throttled"}})) {}

  void start() {
    if (!parts_.gate.origin_allowed(request_)) {
      respond_(Gate::origin_refused(request_));
      return;
    }
    const auto body = parse_body(request_);
    const auto username = body ? text(*body, "username", 64) : std::nullopt;
    const auto password = body ? text(*body, "password", kMaxPassword) : std::nullopt;
    if (!username || !password) {
      respond_(bad_request("The body must be {\"username\": text, \"password\": text}."));
      return;
    }
    username_ = *username;
    if (const auto wait = parts_.throttle.start(username_, request_.remote_address)) {
      throttled_.add();
      log::warn("auth.throttled", {{"address", request_.remote_address}});
      respond_(too_many(*wait));
      return;
    }
    const bool posted = parts_.password_pool.try_post(
        [self = shared_from_this(), secret = *password] { self->verify(secret); });
    if (!posted) {
      parts_.throttle.undecided(username_, request_.remote_address);
      respond_(busy());
    }
  }

 private:
  void verify(const std::string& password) {
    std::string verified_hash;
    auto user = parts_.store->users.verify(username_, password, &verified_hash);
    if (!user) return refuse(user.error());
    auto session = parts_.store->sessions.create(user->id, parts_.gate.lifetime(), verified_hash);
    // Changed or removed between the two, which is wrong by now.
    if (!session) return refuse(session.error());
    const auto lifetime = std::min(parts_.gate.lifetime().unused, parts_.gate.lifetime().in_all);
    json::object answer;
    answer["access_token"] = session->token;
    answer["token_type"] = "Bearer";
    answer["expires_in"] = lifetime.count();
    answer["csrf_token"] = session->csrf_token;
    answer["user"] = user_json(*user);
    auto response = api_json(200, json::serialize(answer));
    response.headers.add("Set-Cookie",
                         parts_.gate.session_cookie(request_, session->token, lifetime));
    log::info("auth.signed_in", {{"user", user->username}, {"address", request_.remote_address}});
    finish(std::move(response), Outcome::succeeded);
  }

  enum class Outcome { succeeded, failed, undecided };
  void refuse(const Error& error) {
    const bool wrong = error.is(store::kBadCredentials) || error.is(kNotFound);
    auto response = wrong ? HttpResponse::problem(401, "bad_credentials",
                                                  "The user name or the password is wrong.")
                          : problem_of(error);
    finish(std::move(response), wrong ? Outcome::failed : Outcome::undecided);
  }
  void finish(HttpResponse response, Outcome outcome) {
    parts_.loop.post([self = shared_from_this(), response = std::move(response), outcome] {
      const auto& address = self->request_.remote_address;
      if (outcome == Outcome::succeeded) {
        self->attempts_.add();
        self->parts_.throttle.succeeded(self->username_, address);
      } else if (outcome == Outcome::failed) {
        self->failures_.add();
        log::warn("auth.failed", {{"address", address}});
      } else {
        self->parts_.throttle.undecided(self->username_, address);
      }
      self->respond_(response);
    });
  }

  const ApiParts& parts_;
  HttpRequest request_;
  HttpResponder respond_;
  std::string username_;
  telemetry::Counter attempts_;
  telemetry::Counter failures_;
  telemetry::Counter throttled_;
};

HttpResponse logout(const ApiParts& parts, const HttpRequest& request, const Caller& caller) {
  if (auto done = parts.store->sessions.revoke(caller.session.id); !done) {
    return problem_of(done.error());
  }
  parts.loop.post([live = parts.live, id = caller.session.id] {
    if (const auto target = live()) target->drop_session(id);
  });
  log::info("auth.signed_out", {{"user", caller.session.user.username}});
  HttpResponse response;
  response.status = 204;
  response.headers.add("Set-Cookie", parts.gate.session_cookie(request, "", std::chrono::seconds(0)));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

HttpResponse me(const ApiParts& parts, const Caller& caller) {
  json::object answer;
  answer["user"] = user_json(caller.session.user);
  answer["csrf_token"] = crypto::derived_token(caller.token, "csrf");
  answer["expires_at"] = parts.zone.format_rfc3339(caller.session.expires_at);
  return api_json(200, json::serialize(answer));
}

HttpResponse change_password(const ApiParts& parts, const HttpRequest& request,
                             const Caller& caller) {
  const auto body = parse_body(request);
  const auto current = body ? text(*body, "current_password", kMaxPassword) : std::nullopt;
  const auto next = body ? text(*body, "new_password", kMaxPassword) : std::nullopt;
  if (!current || !next) {
    return bad_request("The body must be {\"current_password\": text, \"new_password\": text}.");
  }
  const auto& user = caller.session.user;
  // A stolen session must not become a way to try passwords without limit.
  std::optional<std::chrono::seconds> wait;
  parts.loop.run_sync([&] { wait = parts.throttle.start(user.username, request.remote_address); });
  if (wait) return too_many(*wait);
  auto verified = parts.store->users.verify(user.username, *current);
  if (!verified) {
    const bool wrong = verified.error().is(store::kBadCredentials);
    if (wrong) {
      return HttpResponse::problem(403, "bad_credentials", "The current password is wrong.");
    }
    parts.loop.post([&throttle = parts.throttle, name = user.username,
                     address = request.remote_address] { throttle.undecided(name, address); });
    return problem_of(verified.error());
  }
  parts.loop.post([&throttle = parts.throttle, name = user.username,
                   address = request.remote_address] { throttle.succeeded(name, address); });
  if (auto done = parts.store->users.set_password(user.id, *next, caller.session.id); !done) {
    return problem_of(done.error());
  }
  parts.loop.post([live = parts.live, id = user.id, keep = caller.session.id] {
    if (const auto target = live()) target->drop_user(id, keep);
  });
  log::info("auth.password_changed", {{"user", user.username}});
  HttpResponse response;
  response.status = 204;
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void add_auth_routes(net::Router& router, const ApiParts& parts) {
  auto& gate = parts.gate;
  gate.add_open(router, "POST", "/api/auth/login",
                [&parts](HttpRequest request, HttpResponder respond) {
                  std::make_shared<Login>(parts, std::move(request), std::move(respond))->start();
                });
  gate.add(router, "POST", "/api/auth/logout", Access::viewer, parts.sql_pool,
           [&parts](const HttpRequest& request, const Caller& caller) {
             return logout(parts, request, caller);
           });
  gate.add(router, "GET", "/api/auth/me", Access::viewer, parts.sql_pool,
           [&parts](const HttpRequest&, const Caller& caller) { return me(parts, caller); });
  gate.add(router, "POST", "/api/auth/password", Access::viewer, parts.password_pool,
           [&parts](const HttpRequest& request, const Caller& caller) {
             return change_password(parts, request, caller);
           });
}

}  // namespace surveillx::webapp
