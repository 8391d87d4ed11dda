#include "gate.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/net/address.hpp"
#include "surveillx/net/proxies.hpp"

#include "answers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace surveillx::webapp {
namespace {

using net::HttpRequest;
using net::HttpResponse;

bool same_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

HttpResponse unauthorized() {
  auto response =
      HttpResponse::problem(401, "unauthorized", "Sign in, or present a valid access token.");
  response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

bool changes_something(const HttpRequest& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

/// What an operator has to set so that a browser's page behind a proxy is ours.
constexpr std::string_view kOriginFix =
    "set web.external_url (or add to web.allowed_origins) the address that browsers use, or name "
    "the proxy in web.trusted_proxies and let it send X-Forwarded-Host";

bool role_suffices(domain::Role role, Access access) {
  switch (access) {
    case Access::open:
    case Access::viewer:
      return true;
    case Access::operator_:
      return role != domain::Role::viewer;
    case Access::admin:
    case Access::admin_or_loopback:
      return role == domain::Role::admin;
  }
  return false;
}

}  // namespace

Gate::Gate(net::EventLoop& loop, std::shared_ptr<store::Store> store, TokenLookups& lookups,
           const Clock& clock, const config::Config& config, telemetry::Metrics& metrics)
    : loop_(loop),
      store_(std::move(store)),
      lookups_(lookups),
      clock_(clock),
      lifetime_(std::chrono::hours(config.web.session_hours),
                std::chrono::hours(24) * config.web.session_max_days),
      allowed_origins_(config.web.allowed_origins),
      metrics_token_(config.security.metrics_token) {
  base_path_ = config.base_path();
  external_https_ = config.external_origin().starts_with("https:");
  if (auto own = config.external_origin(); !own.empty()) allowed_origins_.push_back(std::move(own));
  const auto counter = [&](const char* result) {
    return metrics.counter("http_requests_total", "Guarded HTTP requests by outcome.",
                           {{"result", result}});
  };
  answered_ = counter("answered");
  refused_ = counter("refused");
  failed_ = counter("failed");
}

bool Gate::origin_allowed(const HttpRequest& request) const {
  if (!request.headers.has("Origin")) return true;
  const auto origin = request.headers.get("Origin");
  const bool listed =
      std::any_of(allowed_origins_.begin(), allowed_origins_.end(),
                  [&](const std::string& allowed) { return same_without_case(allowed, origin); });
  if (listed) return true;
  // The scheme is left out of the comparison, since TLS may end at a proxy before us.
  const auto scheme = origin.find("://");
  if (scheme != std::string_view::npos &&
      same_without_case(origin.substr(scheme + 3), request.host)) {
    return true;
  }
  log::stranger(log::Level::warn, "web.origin_refused", net::address_group(request.remote_address),
                {{"origin", origin},
                 {"host", request.host},
                 {"remote", request.remote_address},
                 {"fix", kOriginFix}});
  return false;
}

HttpResponse Gate::origin_refused(const HttpRequest& request) {
  return HttpResponse::problem(
      403, "forbidden_origin",
      "This request came from a page of " + std::string(request.headers.get("Origin")) +
          ", and this server knows itself as " + (request.host.empty() ? "nothing" : request.host) +
          ". Behind a reverse proxy: " + std::string(kOriginFix) + ".");
}

bool Gate::secure(const HttpRequest& request) const {
  // A proxy that says nothing about its side is known by the address it was given.
  return request.secure || external_https_;
}

std::string Gate::secure_cookie_name() const {
  return (base_path_.empty() ? "__Host-" : "__Secure-") + std::string(kSessionCookie);
}

Credential Gate::credential_of(const HttpRequest& request) const {
  constexpr std::string_view kBearer = "bearer ";
  const auto header = request.headers.get("Authorization");
  if (header.size() > kBearer.size() &&
      same_without_case(header.substr(0, kBearer.size()), kBearer)) {
    return {std::string(header.substr(kBearer.size())), false};
  }
  return {std::string(session_token(request)), true};
}

std::string_view Gate::session_token(const HttpRequest& request) const {
  const auto guarded = request.cookie(secure_cookie_name());
  // A cookie without the prefix may have been planted over plain HTTP, or by a neighbouring host.
  // The other way round a proxy may say for one request that it is HTTPS and forget to for the
  // next.
  return guarded.empty() && !secure(request) ? request.cookie(kSessionCookie) : guarded;
}

std::string Gate::session_cookie(const HttpRequest& request, std::string_view token,
                                 std::chrono::seconds lifetime) const {
  const bool guarded = secure(request);
  const auto seconds = token.empty() ? 0 : lifetime.count();
  return (guarded ? secure_cookie_name() : std::string(kSessionCookie)) + "=" + std::string(token) +
         "; Path=" + (base_path_.empty() ? "/" : base_path_) +
         "; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(seconds) +
         (guarded ? "; Secure" : "");
}

std::string Gate::strict_cookie(const HttpRequest& request, std::string_view name,
                                std::string_view value, std::chrono::seconds lifetime) const {
  return std::string(name) + "=" + std::string(value) +
         "; Path=" + (base_path_.empty() ? "/" : base_path_) +
         "; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(lifetime.count()) +
         (secure(request) ? "; Secure" : "");
}

void Gate::add(net::Router& router, std::string_view method, std::string_view pattern,
               Access access, WorkerPool& pool, Handler handler, std::size_t max_body) {
  routes_.push_back({std::string(method), std::string(pattern), access});
  const auto shared = std::make_shared<const Handler>(std::move(handler));
  net::RouteLimits limits;
  if (method != "GET") {
    limits.gate = [this, access, &pool, max_body](HttpRequest head,
                                                  std::function<void(net::BodyVerdict)> decide) {
      let_in(std::make_shared<const HttpRequest>(std::move(head)), access, pool,
             [this, max_body, decide = std::move(decide)](std::optional<HttpResponse> refusal,
                                                          const Caller&) {
               if (refusal) refused_.add();
               decide({max_body, std::move(refusal)});
             });
    };
  }
  router.add(
      method, pattern,
      [this, access, &pool, shared](HttpRequest request, net::HttpResponder respond) {
        const auto asked = std::make_shared<const HttpRequest>(std::move(request));
        let_in(asked, access, pool,
               [this, &pool, shared, asked, respond = std::move(respond)](
                   std::optional<HttpResponse> refusal, const Caller& caller) {
                 if (refusal) return answer(respond, std::move(*refusal));
                 run(asked, caller, pool, shared, respond);
               });
      },
      std::move(limits));
}

void Gate::add_open(net::Router& router, std::string_view method, std::string_view pattern,
                    net::Router::AsyncHandler handler) {
  routes_.push_back({std::string(method), std::string(pattern), Access::open});
  router.add(method, pattern, std::move(handler));
}

void Gate::answer(const net::HttpResponder& respond, HttpResponse response) const {
  const auto& counter = response.status < 400   ? answered_
                        : response.status < 500 ? refused_
                                                : failed_;
  counter.add();
  respond(std::move(response));
}

void Gate::let_in(const std::shared_ptr<const HttpRequest>& request, Access access,
                  WorkerPool& pool, LetIn done) {
  if (access != Access::admin_or_loopback) return let_in_by_token(request, access, done);
  const auto credential = credential_of(*request);
  if (!metrics_token_.empty() && !credential.by_cookie &&
      crypto::equal_secrets(credential.token, metrics_token_)) {
    return done(std::nullopt, Caller{});
  }
  const std::string_view address = request->remote_address;
  if (!address.starts_with("127.") && address != "::1") {
    return let_in_by_token(request, access, done);
  }
  // Whose socket it is stands in /proc, which a loop does not read.
  const bool posted = pool.try_post([this, request, access, done] {
    const bool direct = net::is_direct_loopback(*request);
    loop_.post([this, request, access, done, direct] {
      if (direct) return done(std::nullopt, Caller{});
      let_in_by_token(request, access, done);
    });
  });
  if (!posted) done(HttpResponse::busy(), Caller{});
}

void Gate::let_in_by_token(const std::shared_ptr<const HttpRequest>& request, Access access,
                           const LetIn& done) {
  auto credential = credential_of(*request);
  if (credential.token.empty()) return done(unauthorized(), Caller{});
  const std::string token = credential.token;
  lookups_.find(token, request->remote_address,
                [this, request, access, credential = std::move(credential),
                 done](Result<store::Session> session) {
                  if (!session) {
                    const Error& error = session.error();
                    if (error.is(kNotFound)) return done(unauthorized(), Caller{});
                    if (error.is(kTooManyAttempts)) {
                      return done(try_again(429, error.name.text(), error.message), Caller{});
                    }
                    return done(problem_of(error), Caller{});
                  }
                  request->admit();
                  const Caller caller{std::move(*session), credential.token, credential.by_cookie};
                  auto refusal = refusal_of(*request, access, caller);
                  done(std::move(refusal), caller);
                });
}

std::optional<HttpResponse> Gate::refusal_of(const HttpRequest& request, Access access,
                                             const Caller& caller) const {
  if (!role_suffices(caller.session.user.role, access)) {
    return HttpResponse::problem(403, "forbidden", "Your role does not permit this.");
  }
  if (caller.by_cookie && changes_something(request)) {
    if (!origin_allowed(request)) return origin_refused(request);
    if (!crypto::equal_secrets(request.headers.get(kCsrfHeader),
                               crypto::derived_token(caller.token, "csrf"))) {
      return HttpResponse::problem(403, "csrf", "X-CSRF-Token is missing or wrong.");
    }
  }
  return std::nullopt;
}

void Gate::run(const std::shared_ptr<const HttpRequest>& request, const Caller& caller,
               WorkerPool& pool, const std::shared_ptr<const Handler>& handler,
               const net::HttpResponder& respond) {
  const bool queued = pool.try_post([this, request, caller, handler, respond] {
    HttpResponse response;
    try {
      response = (*handler)(*request, caller);
      if (response.status < 400 && !caller.token.empty()) keep_alive(caller, *request, response);
    } catch (const std::exception& e) {
      log::error("http.handler_failed", {{"path", request->path}, {"error", e.what()}});
      response = HttpResponse::failed();
    }
    answer(respond, std::move(response));
  });
  if (!queued) {
    answer(respond, HttpResponse::busy());
  }
}

void Gate::keep_alive(const Caller& caller, const HttpRequest& request, HttpResponse& response) {
  // Whoever is active stays signed in; once a minute is exact enough and spares the database.
  if (clock_.now() - caller.session.last_used_at < std::chrono::minutes(1)) return;
  if (response.headers.has("Set-Cookie")) return;
  const auto expires_at = store_->sessions.touch(caller.session.id, lifetime_);
  if (!expires_at || !caller.by_cookie) return;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(*expires_at - clock_.now());
  response.headers.add("Set-Cookie", session_cookie(request, caller.token, left));
}

}  // namespace surveillx::webapp
