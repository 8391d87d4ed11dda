#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/base/unicode.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/net/address.hpp"

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

constexpr std::size_t kMaxPassword = 1024;
constexpr std::string_view kDeviceCookie = "surveillx_device";
constexpr std::chrono::hours kDeviceLifetime{24 * 365};

HttpResponse bad_request(std::string_view detail) {
  return HttpResponse::problem(400, "bad_request", detail);
}

std::optional<json::object> parse_body(const HttpRequest& request) {
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

/// What shows that a browser signed in as `username` before (a device cookie, as OWASP names it):
/// its attempts are counted apart, so that nobody else's failures shut it out. It proves no more
/// than that, and is worth nothing without the password.
std::string device_proof(const ApiParts& parts, std::string_view username, std::string_view nonce) {
  std::string purpose = "login device\n" + unicode::compared(username) + '\n';
  purpose += nonce;
  return crypto::derived_token(parts.store->keys().media_token(), purpose);
}

/// The device's name in the counters; empty when the request proves none.
std::string device_of(const ApiParts& parts, const HttpRequest& request,
                      std::string_view username) {
  const std::string_view cookie = request.cookie(kDeviceCookie);
  const std::size_t dot = cookie.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot > 64) return {};
  const std::string_view nonce = cookie.substr(0, dot);
  const std::string proof = device_proof(parts, username, nonce);
  return crypto::equal_secrets(cookie.substr(dot + 1), proof) ? std::string(nonce) : std::string();
}

std::string device_cookie(const ApiParts& parts, const HttpRequest& request,
                          std::string_view username) {
  const std::string nonce = crypto::random_token();
  return parts.gate.strict_cookie(request, kDeviceCookie,
                                  nonce + "." + device_proof(parts, username, nonce),
                                  kDeviceLifetime);
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
                                         {{"result", "throttled"}})),
        busy_(parts.metrics.counter("logins_total", "Sign-ins by outcome.", {{"result", "busy"}})) {}

  void start() {
    if (!parts_.gate.origin_allowed(request_)) {
      respond_(Gate::origin_refused(request_));
      return;
    }
    const auto body = parse_body(request_);
    const auto username = body ? text(*body, "username", 256) : std::nullopt;
    const auto password = body ? text(*body, "password", kMaxPassword) : std::nullopt;
    if (!username || !password) {
      respond_(bad_request("The body must be {\"username\": text, \"password\": text}."));
      return;
    }
    username_ = *username;
    device_ = device_of(parts_, request_, username_);
    const std::string group = net::address_group(request_.remote_address);
    if (const auto wait = parts_.throttle.start(username_, source())) {
      throttled_.add();
      log::stranger(log::Level::warn, "auth.throttled", group,
                    {{"address", request_.remote_address}});
      respond_(too_many(*wait));
      return;
    }
    const bool taken =
        parts_.logins.push(device_.empty() ? group : "device " + device_,
                           [self = shared_from_this(), secret = *password] { self->verify(secret); });
    if (taken) return;
    // Too many of this address wait already, or of all.
    parts_.throttle.undecided(username_, source());
    busy_.add();
    log::stranger(log::Level::warn, "auth.busy", group, {{"address", request_.remote_address}});
    respond_(busy());
  }

 private:
  [[nodiscard]] LoginSource source() const { return {request_.remote_address, device_}; }

  void verify(const std::string& password) {
    std::string verified_hash;
    auto user = parts_.store->users.verify(username_, password, &verified_hash);
    if (!user) return refuse(user.error());
    auto session = parts_.store->sessions.create(user->id, parts_.gate.lifetime(), verified_hash);
    // Changed or removed between the two, which is wrong by now.
    if (!session) return refuse(session.error());
    token_ = session->token;
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
    if (device_.empty()) {
      response.headers.add("Set-Cookie", device_cookie(parts_, request_, user->username));
    }
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
        self->request_.admit();
        self->parts_.lookups.issued(self->token_);
        self->parts_.throttle.succeeded(self->username_, self->source());
      } else if (outcome == Outcome::failed) {
        self->failures_.add();
        log::stranger(log::Level::warn, "auth.failed", net::address_group(address),
                      {{"address", address}});
      } else {
        self->parts_.throttle.undecided(self->username_, self->source());
      }
      self->respond_(response);
    });
  }

  const ApiParts& parts_;
  HttpRequest request_;
  HttpResponder respond_;
  std::string username_;
  std::string device_;
  std::string token_;  ///< Of the session that was begun.
  telemetry::Counter attempts_;
  telemetry::Counter failures_;
  telemetry::Counter throttled_;
  telemetry::Counter busy_;
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
  const LoginSource source{request.remote_address, caller.session.id};
  parts.loop.run_sync([&] { wait = parts.throttle.start(user.username, source); });
  if (wait) return too_many(*wait);
  auto verified = parts.store->users.verify(user.username, *current);
  if (!verified) {
    const bool wrong = verified.error().is(store::kBadCredentials);
    if (wrong) {
      return HttpResponse::problem(403, "bad_credentials", "The current password is wrong.");
    }
    parts.loop.run_sync([&] { parts.throttle.undecided(user.username, source); });
    return problem_of(verified.error());
  }
  parts.loop.run_sync([&] { parts.throttle.succeeded(user.username, source); });
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
