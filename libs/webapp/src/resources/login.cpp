#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/base/unicode.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/net/address.hpp"
#include "surveillx/store/resource_json.hpp"

#include "answers.hpp"
#include "request_json.hpp"
#include "resources/resources.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace surveillx::webapp {
namespace {

namespace json = boost::json;
using net::HttpRequest;
using net::HttpResponder;
using net::HttpResponse;

constexpr std::string_view kDeviceCookie = "surveillx_device";
constexpr std::chrono::hours kDeviceLifetime{24 * 365};

/// What shows that a browser signed in as `username` before (a device cookie, as OWASP names it):
/// its attempts are counted apart, so that nobody else's failures shut it out. It proves no more
/// than that, and is worth nothing without the password.
std::string device_proof(const ApiContext& context, std::string_view username,
                         std::string_view nonce) {
  std::string purpose = "login device\n" + unicode::compared(username) + '\n';
  purpose += nonce;
  return crypto::derived_token(context.store->keys().media_token(), purpose);
}

/// The device's name in the counters; empty when the request proves none.
std::string device_of(const ApiContext& context, const HttpRequest& request,
                      std::string_view username) {
  const std::string_view cookie = request.cookie(kDeviceCookie);
  const std::size_t dot = cookie.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot > 64) return {};
  const std::string_view nonce = cookie.substr(0, dot);
  const std::string proof = device_proof(context, username, nonce);
  return crypto::equal_secrets(cookie.substr(dot + 1), proof) ? std::string(nonce) : std::string();
}

std::string device_cookie(const ApiContext& context, const HttpRequest& request,
                          std::string_view username) {
  const std::string nonce = crypto::random_token();
  return context.gate.strict_cookie(request, kDeviceCookie,
                                    nonce + "." + device_proof(context, username, nonce),
                                    kDeviceLifetime);
}

/// One sign-in on its way from the loop through the password pool and back.
class Login : public std::enable_shared_from_this<Login> {
 public:
  Login(const ApiContext& context, HttpRequest request, HttpResponder respond)
      : context_(context),
        request_(std::move(request)),
        respond_(std::move(respond)),
        succeeded_(outcomes("succeeded")),
        failed_(outcomes("failed")),
        throttled_(outcomes("throttled")),
        busy_(outcomes("busy")) {}

  void start() {
    if (!context_.gate.origin_allowed(request_)) {
      respond_(Gate::origin_refused(request_));
      return;
    }
    const auto body = body_object(request_);
    const auto username = body ? text_member(*body, "username", 256) : std::nullopt;
    const auto password = body ? text_member(*body, "password", kMaxPassword) : std::nullopt;
    if (!username || !password) {
      respond_(bad_request("The body must be {\"username\": text, \"password\": text}."));
      return;
    }
    username_ = *username;
    device_ = device_of(context_, request_, username_);
    const std::string group = net::address_group(request_.remote_address);
    if (const auto wait = context_.throttle.start(username_, source())) {
      throttled_.add();
      log::stranger(log::Level::warn, "auth.throttled", group,
                    {{"address", request_.remote_address}});
      respond_(too_many_attempts(*wait));
      return;
    }
    const bool taken = context_.logins.push(
        device_.empty() ? group : "device " + device_,
        [self = shared_from_this(), secret = *password] { self->verify(secret); });
    if (taken) return;
    // Too many of this address wait already, or of all.
    context_.throttle.undecided(username_, source());
    busy_.add();
    log::stranger(log::Level::warn, "auth.busy", group, {{"address", request_.remote_address}});
    respond_(try_again(503, "unavailable", "Busy; try again shortly."));
  }

 private:
  [[nodiscard]] telemetry::Counter outcomes(const char* result) const {
    return context_.metrics.counter("logins_total", "Sign-ins by outcome.", {{"result", result}});
  }
  [[nodiscard]] LoginSource source() const { return {request_.remote_address, device_}; }

  void verify(const std::string& password) {
    std::string verified_hash;
    auto user = context_.store->users.verify(username_, password, &verified_hash);
    if (!user) return refuse(user.error());
    const auto& limits = context_.gate.lifetime();
    auto session = context_.store->sessions.create(user->id, limits, verified_hash);
    // Changed or removed between the two, which is wrong by now.
    if (!session) return refuse(session.error());
    token_ = session->token;
    const auto lifetime = std::min(limits.unused, limits.in_all);
    json::object answer;
    answer["access_token"] = session->token;
    answer["token_type"] = "Bearer";
    answer["expires_in"] = lifetime.count();
    answer["csrf_token"] = session->csrf_token;
    answer["user"] = store::to_json(*user);
    auto response = api_json(200, answer);
    response.headers.add("Set-Cookie",
                         context_.gate.session_cookie(request_, session->token, lifetime));
    if (device_.empty()) {
      response.headers.add("Set-Cookie", device_cookie(context_, request_, user->username));
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
    context_.loop.post([self = shared_from_this(), response = std::move(response), outcome] {
      const auto& address = self->request_.remote_address;
      if (outcome == Outcome::succeeded) {
        self->succeeded_.add();
        self->request_.admit();
        self->context_.lookups.issued(self->token_);
        self->context_.throttle.succeeded(self->username_, self->source());
      } else if (outcome == Outcome::failed) {
        self->failed_.add();
        log::stranger(log::Level::warn, "auth.failed", net::address_group(address),
                      {{"address", address}});
      } else {
        self->context_.throttle.undecided(self->username_, self->source());
      }
      self->respond_(response);
    });
  }

  const ApiContext& context_;
  HttpRequest request_;
  HttpResponder respond_;
  std::string username_;
  std::string device_;
  std::string token_;  ///< Of the session that was begun.
  telemetry::Counter succeeded_;
  telemetry::Counter failed_;
  telemetry::Counter throttled_;
  telemetry::Counter busy_;
};

}  // namespace

void add_login(net::Router& router, const ApiContext& context) {
  context.gate.add_open(
      router, "POST", "/api/auth/login", [&context](HttpRequest request, HttpResponder respond) {
        std::make_shared<Login>(context, std::move(request), std::move(respond))->start();
      });
}

}  // namespace surveillx::webapp
