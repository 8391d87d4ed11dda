#pragma once

#include "surveillx/base/log.hpp"
#include "surveillx/net/router.hpp"

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surveillx::net {

/// A tree of path segments. A literal segment wins over `{name}`, and that over `{*rest}`.
struct Router::Impl {
  struct Route {
    std::vector<std::string> names;  ///< Of the pattern's parameters, in order.
    AsyncHandler async;
    BlockingHandler blocking;
    WorkerPool* pool = nullptr;  ///< Set with `blocking`.
    StreamHandler stream;        ///< Its body is not collected.
    UpgradeHandler upgrade;
    RouteLimits limits;
  };
  struct Endpoint {
    std::map<std::string, Route, std::less<>> by_method;
    std::unique_ptr<Route> upgrade;
    HeadObserver head_observer;

    /// HEAD's is GET's.
    [[nodiscard]] const Route* route(std::string_view method) const;
  };
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> parameter;
    Endpoint here;
    Endpoint rest;
  };
  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string> params;
    std::vector<std::string> allowed;  ///< Methods of the path, when none fits.
    bool upgrade_only = false;         ///< The path is known for WebSockets alone.
  };

  /// The endpoint of `pattern`, made when new, and the names of its parameters.
  std::pair<Endpoint*, std::vector<std::string>> endpoint(std::string_view pattern);
  /// A route for the method, in place of one that was there.
  Route& make(std::string_view method, std::string_view pattern, RouteLimits limits);
  [[nodiscard]] Match match(std::string_view method, std::string_view path) const;
  [[nodiscard]] Match match_upgrade(std::string_view path) const;
  /// `match`'s route alone.
  [[nodiscard]] const Route* find(std::string_view method, std::string_view path) const;
  /// Null when nobody wants to see requests to `path` early.
  [[nodiscard]] const HeadObserver* match_head(std::string_view path) const;

  Node root;
  bool has_head_observers = false;
  AsyncHandler fallback;
  Headers default_headers;
};

/// Calls a handler. One that throws has dropped its responder on the way here, which answers 500;
/// an observer has none to drop.
template <class Call>
void guarded(const std::string& path, Call call) {
  try {
    call();
  } catch (const std::exception& e) {
    log::error("http.handler_failed", {{"path", path}, {"error", e.what()}});
  }
}

/// Finds the route and starts its handler. Never throws; `respond` may be called before it returns.
void dispatch(const std::shared_ptr<const Router>& router, HttpRequest request,
              HttpResponder respond);

}  // namespace surveillx::net
