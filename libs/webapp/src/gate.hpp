#pragma once

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"
#include "surveillx/webapp/web_app.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::webapp {

inline constexpr std::string_view kSessionCookie = "surveillx_session";
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

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
[[nodiscard]] Credential credential_of(const net::HttpRequest& request);

/// `Set-Cookie` that keeps or, with no token, clears the session.
[[nodiscard]] std::string session_cookie(std::string_view token, std::chrono::seconds lifetime,
                                         bool tls);

/// An answer for a store's or a library's Error.
[[nodiscard]] net::HttpResponse problem_of(const Error& error);

/// A path below /api that nobody may keep in a cache.
[[nodiscard]] net::HttpResponse api_json(int status, std::string body);

/// Whether the `Host` of a request is a name of this machine itself: a page of another site that
/// had its name pointed at 127.0.0.1 (DNS rebinding) is not loopback.
[[nodiscard]] bool is_loopback(const net::HttpRequest& request);

/// The one way in for everything that is not open: each route says who may use it, and the gate
/// checks before the handler runs. Thread-safe.
class Gate {
 public:
  Gate(std::shared_ptr<store::Store> store, const Clock& clock, std::chrono::seconds lifetime,
       std::vector<std::string> allowed_origins, telemetry::Metrics& metrics);

  /// Runs on a pool, after the gate let the caller in.
  using Handler = std::function<net::HttpResponse(const net::HttpRequest&, const Caller&)>;
  void add(net::Router& router, std::string_view method, std::string_view pattern, Access access,
           WorkerPool& pool, Handler handler);
  /// An open route. `handler` runs on the loop and must not block.
  void add_open(net::Router& router, std::string_view method, std::string_view pattern,
                net::Router::AsyncHandler handler);

  /// No Origin, our own host, or one of web.allowed_origins.
  [[nodiscard]] bool origin_allowed(const net::HttpRequest& request) const;
  [[nodiscard]] std::chrono::seconds lifetime() const { return lifetime_; }
  [[nodiscard]] const std::vector<RouteInfo>& routes() const { return routes_; }

 private:
  [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request, Access access,
                                         const Handler& handler);
  void keep_alive(const Caller& caller, const net::HttpRequest& request,
                  net::HttpResponse& response);

  std::shared_ptr<store::Store> store_;
  const Clock& clock_;
  std::chrono::seconds lifetime_;
  std::vector<std::string> allowed_origins_;
  std::vector<RouteInfo> routes_;
  telemetry::Counter answered_;
  telemetry::Counter refused_;
  telemetry::Counter failed_;
};

}  // namespace surveillx::webapp
