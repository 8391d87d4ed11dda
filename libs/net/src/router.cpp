#include "surveillx/base/log.hpp"

#include "router_impl.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <memory>
#include <variant>

namespace surveillx::net {
namespace {

using Impl = Router::Impl;

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // The slash.
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

/// Calls `found(endpoint, values)` for every endpoint that fits, the most literal first, until it
/// returns true.
class Search {
 public:
  using Found = std::function<bool(const Impl::Endpoint&, const std::vector<std::string_view>&)>;

  Search(std::string_view path, Found found)
      : path_(path), segments_(split(path)), found_(std::move(found)) {}
  bool run(const Impl::Node& root) { return visit(root, 0); }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the longest pattern.
  bool visit(const Impl::Node& node, std::size_t index) {
    if (index == segments_.size()) return found_(node.here, values_);
    const std::string_view segment = segments_[index];
    if (const auto it = node.literal.find(segment); it != node.literal.end()) {
      if (visit(*it->second, index + 1)) return true;
    }
    if (node.parameter && !segment.empty()) {
      values_.push_back(segment);
      if (visit(*node.parameter, index + 1)) return true;
      values_.pop_back();
    }
    values_.push_back(path_.substr(static_cast<std::size_t>(segment.data() - path_.data())));
    if (found_(node.rest, values_)) return true;
    values_.pop_back();
    return false;
  }

  std::string_view path_;
  std::vector<std::string_view> segments_;
  Found found_;
  std::vector<std::string_view> values_;
};

std::map<std::string, std::string> named(const std::vector<std::string>& names,
                                         const std::vector<std::string_view>& values) {
  std::map<std::string, std::string> params;
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
    params.emplace(names[i], values[i]);
  }
  return params;
}

void run_blocking(const std::shared_ptr<const Router>& router, const Impl::Route& route,
                  HttpRequest request, const HttpResponder& respond) {
  const auto shared = std::make_shared<const HttpRequest>(std::move(request));
  const bool queued = route.pool->try_post([router, handler = &route.blocking, shared, respond] {
    try {
      respond((*handler)(*shared));
    } catch (const std::exception& e) {
      log::error("http.handler_failed", {{"path", shared->path}, {"error", e.what()}});
      respond(HttpResponse::failed());
    }
  });
  if (!queued) respond(HttpResponse::busy());
}

/// A streamed route whose sink is made on the pool.
Router::StreamHandler open_on_pool(WorkerPool& pool, Router::SinkFactory open) {
  const auto factory = std::make_shared<const Router::SinkFactory>(std::move(open));
  return [&pool, factory](HttpRequest head, IncomingBody body, HttpResponder respond) {
    const auto shared = std::make_shared<const HttpRequest>(std::move(head));
    const bool queued = pool.try_post([&pool, factory, shared, body = std::move(body), respond] {
      try {
        auto opened = (*factory)(*shared);
        if (auto* answer = std::get_if<HttpResponse>(&opened)) return respond(std::move(*answer));
        auto& sink = std::get<std::unique_ptr<BlockingBodySink>>(opened);
        body.read_into(on_pool(pool, std::move(sink), respond));
      } catch (const std::exception& e) {
        log::error("http.handler_failed", {{"path", shared->path}, {"error", e.what()}});
        respond(HttpResponse::failed());
      }
    });
    if (!queued) respond(HttpResponse::busy());
  };
}

HttpResponse not_allowed(const Impl::Match& match) {
  if (match.upgrade_only) {
    HttpResponse response =
        HttpResponse::problem(426, "upgrade_required", "This address speaks WebSocket only.");
    response.headers.add("Upgrade", "websocket");
    return response;
  }
  std::string allow;
  for (const std::string& method : match.allowed) allow += (allow.empty() ? "" : ", ") + method;
  HttpResponse response =
      HttpResponse::problem(405, "method_not_allowed", "This address answers " + allow + " only.");
  response.headers.add("Allow", allow);
  return response;
}

}  // namespace

std::pair<Impl::Endpoint*, std::vector<std::string>> Impl::endpoint(std::string_view pattern) {
  assert(!pattern.empty() && pattern.front() == '/');
  Node* node = &root;
  std::vector<std::string> names;
  for (const std::string_view segment : split(pattern)) {
    const bool parameter = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
    if (parameter && segment[1] == '*') {
      names.emplace_back(segment.substr(2, segment.size() - 3));
      return {&node->rest, std::move(names)};
    }
    if (parameter) names.emplace_back(segment.substr(1, segment.size() - 2));
    std::unique_ptr<Node>& next = parameter ? node->parameter : node->literal[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  return {&node->here, std::move(names)};
}

const Impl::Route* Impl::Endpoint::route(std::string_view method) const {
  auto it = by_method.find(method);
  if (it == by_method.end() && method == "HEAD") it = by_method.find("GET");
  return it == by_method.end() ? nullptr : &it->second;
}

Impl::Match Impl::match(std::string_view method, std::string_view path) const {
  Match match;
  Search search(path, [&](const Endpoint& endpoint, const std::vector<std::string_view>& values) {
    if (const Route* route = endpoint.route(method)) {
      match.route = route;
      match.params = named(route->names, values);
      return true;
    }
    for (const auto& [name, route] : endpoint.by_method) {
      match.allowed.push_back(name);
      if (name == "GET") match.allowed.emplace_back("HEAD");
    }
    if (endpoint.upgrade) match.upgrade_only = true;
    return false;
  });
  if (search.run(root)) return match;
  std::sort(match.allowed.begin(), match.allowed.end());
  match.allowed.erase(std::unique(match.allowed.begin(), match.allowed.end()), match.allowed.end());
  match.upgrade_only = match.upgrade_only && match.allowed.empty();
  return match;
}

Impl::Match Impl::match_upgrade(std::string_view path) const {
  Match match;
  Search search(path, [&](const Endpoint& endpoint, const std::vector<std::string_view>& values) {
    if (!endpoint.upgrade) return false;
    match.route = endpoint.upgrade.get();
    match.params = named(match.route->names, values);
    return true;
  });
  search.run(root);
  return match;
}

const Router::HeadObserver* Impl::match_head(std::string_view path) const {
  if (!has_head_observers) return nullptr;
  const HeadObserver* observer = nullptr;
  Search search(path, [&](const Endpoint& endpoint, const std::vector<std::string_view>&) {
    if (!endpoint.head_observer) return false;
    observer = &endpoint.head_observer;
    return true;
  });
  search.run(root);
  return observer;
}

const Impl::Route* Impl::find(std::string_view method, std::string_view path) const {
  const Route* route = nullptr;
  Search search(path, [&](const Endpoint& endpoint, const std::vector<std::string_view>&) {
    route = endpoint.route(method);
    return route != nullptr;
  });
  search.run(root);
  return route;
}

Impl::Route& Impl::make(std::string_view method, std::string_view pattern, RouteLimits limits) {
  auto [at, names] = endpoint(pattern);
  Route route;
  route.names = std::move(names);
  route.limits = std::move(limits);
  return at->by_method.insert_or_assign(std::string(method), std::move(route)).first->second;
}

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;

void Router::add(std::string_view method, std::string_view pattern, AsyncHandler handler,
                 RouteLimits limits) {
  impl_->make(method, pattern, std::move(limits)).async = std::move(handler);
}

void Router::add_blocking(std::string_view method, std::string_view pattern, WorkerPool& pool,
                          BlockingHandler handler, RouteLimits limits) {
  Impl::Route& route = impl_->make(method, pattern, std::move(limits));
  route.blocking = std::move(handler);
  route.pool = &pool;
}

void Router::add_streamed(std::string_view method, std::string_view pattern, StreamHandler handler,
                          RouteLimits limits) {
  impl_->make(method, pattern, std::move(limits)).stream = std::move(handler);
}

void Router::add_streamed_blocking(std::string_view method, std::string_view pattern,
                                   WorkerPool& pool, SinkFactory open, RouteLimits limits) {
  add_streamed(method, pattern, open_on_pool(pool, std::move(open)), std::move(limits));
}

void Router::add_upgrade(std::string_view pattern, UpgradeHandler handler) {
  auto [endpoint, names] = impl_->endpoint(pattern);
  endpoint->upgrade = std::make_unique<Impl::Route>();
  endpoint->upgrade->names = std::move(names);
  endpoint->upgrade->upgrade = std::move(handler);
}

void Router::add_head_observer(std::string_view pattern, HeadObserver observer) {
  impl_->endpoint(pattern).first->head_observer = std::move(observer);
  impl_->has_head_observers = true;
}

void Router::set_fallback(AsyncHandler handler) { impl_->fallback = std::move(handler); }

void Router::set_default_header(std::string name, std::string value) {
  impl_->default_headers.set(std::move(name), std::move(value));
}

void dispatch(const std::shared_ptr<const Router>& router, HttpRequest request,
              HttpResponder respond) {
  Impl::Match match = router->impl().match(request.method, request.path);
  const std::string path = request.path;
  guarded(path, [&] {
    if (match.route != nullptr) {
      request.params = std::move(match.params);
      if (match.route->pool != nullptr) {
        run_blocking(router, *match.route, std::move(request), respond);
      } else {
        match.route->async(std::move(request), std::move(respond));
      }
    } else if (!match.allowed.empty() || match.upgrade_only) {
      respond(not_allowed(match));
    } else if (router->impl().fallback) {
      router->impl().fallback(std::move(request), std::move(respond));
    } else {
      respond(HttpResponse::problem(404, "not_found", "There is nothing at this address."));
    }
  });
}

}  // namespace surveillx::net
