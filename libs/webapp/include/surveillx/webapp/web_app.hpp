#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace surveillx::webapp {

/// Who may use a route.
enum class Access {
  open,
  viewer,  ///< Whoever is signed in.
  operator_,
  admin,
  admin_or_loopback,
};

struct RouteInfo {
  std::string method;
  std::string pattern;
  Access access = Access::admin;
};

struct WebAppOptions {
  config::Config config;
  /// Opened with a current schema. web is one of several processes that use the database.
  std::shared_ptr<store::Store> store;
  std::string version = "0.0.0";
  const Clock* clock = &system_clock();
  /// How often the database's revision row is read.
  std::chrono::milliseconds poll_interval{500};
  /// Called on the event loop every `heartbeat_every` while it serves, to prove that the loop runs.
  std::function<void()> heartbeat;
  std::chrono::milliseconds heartbeat_every{0};  ///< 0: never.
};

/// The web process: sign-in, API, live viewers and the dashboard, with threads of its
/// own: one event loop, a few for SQL, two for password hashes. Thread-safe after `start`.
class WebApp {
 public:
  /// Returns once it listens. Users are the caller's business. Errors: `port_in_use`, `bad_address`,
  /// `bad_certificate`, `unknown_time_zone`, the database's.
  [[nodiscard]] static Result<std::unique_ptr<WebApp>> start(WebAppOptions options);
  /// Ends every connection and joins the threads.
  virtual ~WebApp() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// `http[s]://HOST:PORT` with the port that was bound.
  [[nodiscard]] virtual const std::string& url() const = 0;
  /// Every route of the server but the dashboard's files and Socket.IO, with who may use it.
  [[nodiscard]] virtual const std::vector<RouteInfo>& routes() const = 0;
};

}  // namespace surveillx::webapp
