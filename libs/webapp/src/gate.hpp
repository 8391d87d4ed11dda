#pragma once

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"
#include "surveillx/webapp/web_app.hpp"

#include "token_lookups.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::webapp {

/// Over HTTPS with a prefix that browsers enforce (RFC 6265bis section 4.1.3): `__Host-` at the root,
/// `__Secure-` under a base path, since `__Host-` would show the cookie to the whole host.
inline constexpr std::string_view kSessionCookie = "surveillx_session";
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

/// What a body may hold: before anyone is known, of a JSON resource, of a photo.
inline constexpr std::size_t kStrangersBody = 16 * 1024;
inline constexpr std::size_t kJsonBody = 64 * 1024;
inline constexpr std::size_t kPhotoBody = 12 * 1024 * 1024;

/// Who asks: a session, and how it was shown.
struct Caller {
  store::Session session;
  std::string token;
  bool by_cookie = false;
};

/// The token a request carries: a bearer token, else the session cookie; `by_cookie` says which.
struct Credential {
  std::string token;
  bool by_cookie = false;
};

/// The one way in for everything that is not open: each route says who may use it, and the gate
/// checks before the handler runs. Thread-safe.
class Gate {
 public:
  Gate(net::EventLoop& loop, std::shared_ptr<store::Store> store, TokenLookups& lookups,
       const Clock& clock, const config::Config& config,
       telemetry::Metrics& metrics);

  /// Runs on a pool, after the gate let the caller in: no stranger takes a place in that pool.
  using Handler = std::function<net::HttpResponse(const net::HttpRequest&, const Caller&)>;
  /// `max_body`: of a request by somebody who may use the route; who that is comes out before more
  /// than the server's `max_body_bytes` are read.
  void add(net::Router& router, std::string_view method, std::string_view pattern, Access access,
           WorkerPool& pool, Handler handler, std::size_t max_body = kJsonBody);
  /// An open route. `handler` runs on the loop and must not block.
  void add_open(net::Router& router, std::string_view method, std::string_view pattern,
                net::Router::AsyncHandler handler);

  /// No Origin, our own host as the client sees it, web.external_url or one of web.allowed_origins.
  /// A refusal is logged with the settings that would allow it.
  [[nodiscard]] bool origin_allowed(const net::HttpRequest& request) const;
  /// What a request from a page of an origin that is not allowed is answered.
  [[nodiscard]] static net::HttpResponse origin_refused(const net::HttpRequest& request);
  /// What `request` shows: a bearer token, else the session cookie.
  [[nodiscard]] Credential credential_of(const net::HttpRequest& request) const;
  /// The session cookie's value, or an empty view. Over HTTPS only one that came over HTTPS counts.
  [[nodiscard]] std::string_view session_token(const net::HttpRequest& request) const;
  /// `Set-Cookie` that keeps or, with no token, clears the session in the browser that asks.
  [[nodiscard]] std::string session_cookie(const net::HttpRequest& request, std::string_view token,
                                           std::chrono::seconds lifetime) const;
  /// `Set-Cookie` for one that is sent along from our own pages only.
  [[nodiscard]] std::string strict_cookie(const net::HttpRequest& request, std::string_view name,
                                          std::string_view value,
                                          std::chrono::seconds lifetime) const;
  [[nodiscard]] const store::SessionLifetime& lifetime() const { return lifetime_; }
  [[nodiscard]] const std::vector<RouteInfo>& routes() const { return routes_; }

 private:
  /// Either why the request is refused, or whose it is; on the loop, now or later.
  using LetIn = std::function<void(std::optional<net::HttpResponse> refusal, const Caller& caller)>;
  void let_in(const std::shared_ptr<const net::HttpRequest>& request, Access access,
              WorkerPool& pool, LetIn done);
  void let_in_by_token(const std::shared_ptr<const net::HttpRequest>& request, Access access,
                       const LetIn& done);
  [[nodiscard]] std::optional<net::HttpResponse> refusal_of(const net::HttpRequest& request,
                                                            Access access,
                                                            const Caller& caller) const;
  void run(const std::shared_ptr<const net::HttpRequest>& request, const Caller& caller,
           WorkerPool& pool, const std::shared_ptr<const Handler>& handler,
           const net::HttpResponder& respond);
  void answer(const net::HttpResponder& respond, net::HttpResponse response) const;
  void keep_alive(const Caller& caller, const net::HttpRequest& request,
                  net::HttpResponse& response);
  /// Whether the browser's side of a request is HTTPS: its cookies are then for HTTPS only.
  [[nodiscard]] bool secure(const net::HttpRequest& request) const;
  [[nodiscard]] std::string secure_cookie_name() const;

  net::EventLoop& loop_;
  std::shared_ptr<store::Store> store_;
  TokenLookups& lookups_;
  const Clock& clock_;
  store::SessionLifetime lifetime_;
  std::vector<std::string> allowed_origins_;
  bool external_https_ = false;
  std::string base_path_;
  std::string metrics_token_;
  std::vector<RouteInfo> routes_;
  telemetry::Counter answered_;
  telemetry::Counter refused_;
  telemetry::Counter failed_;
};

}  // namespace surveillx::webapp
