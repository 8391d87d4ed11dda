#include "surveillx/webapp/web_app.hpp"

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/base/descriptors.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/store/stop_limit.hpp"

#include "api_context.hpp"
#include "dashboard_page.hpp"
#include "gate.hpp"
#include "live.hpp"
#include "login_throttle.hpp"
#include "resources/resources.hpp"
#include "security_headers.hpp"
#include "token_lookups.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace surveillx::webapp {
namespace {

constexpr std::size_t kSqlThreads = 4;
constexpr std::size_t kSqlQueue = 256;
constexpr std::chrono::milliseconds kStopLimit{1'500};  ///< Then SQL under way is given up.
/// Each verification takes 64 MB and a core for 60 ms.
constexpr FairQueue::Limits kLogins{2, 16, 128};
constexpr std::size_t kPasswordQueue = 16;
/// Following the database and `/readyz`: nobody's requests stand in their way.
constexpr std::size_t kSystemQueue = 16;
constexpr std::size_t kMaxConnections = 4096;
/// Descriptors for the database, files and what else is not a connection.
constexpr std::size_t kOtherDescriptors = 256;

/// As many as descriptors allow, with some in reserve.
std::size_t max_connections() {
  const std::size_t limit = descriptor_limit();
  return std::min(kMaxConnections, limit - std::min(kOtherDescriptors, limit / 2));
}

ThrottleLimits throttle_limits(const config::Config& config) {
  ThrottleLimits limits;
  limits.per_user_and_address = config.security.login_attempts;
  limits.per_address = config.security.login_attempts * 10;
  limits.window = config.security.login_window;
  limits.per_user = config.security.login_attempts * 5;
  return limits;
}

std::shared_ptr<const net::TlsFiles> tls_files(const config::Config& config) {
  const auto tls = config.web_tls();
  if (!tls) return nullptr;
  return std::make_shared<const net::TlsFiles>(
      net::TlsFiles{tls->certificate, tls->key, tls->self_signed, tls->names});
}

/// Teardown, in this order: the HTTP server with every connection (needs the loop), the live side
/// on the loop, the pools (their last jobs may still post to the loop), the loop itself.
class RunningWebApp : public WebApp {
 public:
  explicit RunningWebApp(WebAppOptions options, attendance::TimeZone zone)
      : options_(std::move(options)),
        throttle_(*options_.clock, throttle_limits(options_.config)),
        sql_pool_("web-sql", kSqlThreads, kSqlQueue),
        logins_(loop_, "web-login", kLogins),
        password_pool_("web-password", 1, kPasswordQueue),
        system_pool_("web-system", 1, kSystemQueue),
        lookups_(loop_, options_.store, *options_.clock, metrics_),
        gate_(loop_, options_.store, lookups_, *options_.clock, options_.config, metrics_),
        context_{loop_,
                 gate_,
                 sql_pool_,
                 logins_,
                 password_pool_,
                 system_pool_,
                 lookups_,
                 options_.store,
                 throttle_,
                 metrics_,
                 std::move(zone),
                 *options_.clock,
                 options_.config,
                 options_.version,
                 [this] { return live_; },
                 [this] {
                   LiveFacts facts;
                   loop_.run_sync([&] {
                     if (live_) facts = live_->facts();
                   });
                   return facts;
                 },
                 [this] { return http_stats(); }} {}

  ~RunningWebApp() override {
    const store::StopLimit limit(options_.store->shared_database(), kStopLimit);
    std::unique_ptr<net::HttpServer> http;
    {
      const std::lock_guard lock(http_mutex_);
      http = std::move(http_);
    }
    http.reset();
    if (live_) {
      loop_.run_sync([this] {
        live_.reset();
        heartbeat_.reset();
      });
    }
    sql_pool_.stop();
    password_pool_.stop();
    logins_.stop();
    system_pool_.stop();
    lookups_.stop();
    loop_.stop();
  }

  Result<void> open() {
    auto revisions = options_.store->revision.current();
    if (!revisions) return revisions.error();
    auto cameras = options_.store->cameras.list();
    if (!cameras) return cameras.error();
    (void)options_.store->sessions.purge_expired();

    auto router = std::make_shared<net::Router>();
    set_security_headers(*router, options_.config);
    for (AddRoutes* add_routes : kResources) add_routes(*router, context_);
    add_dashboard(*router, options_.config.base_path());

    loop_.start("web");
    loop_.run_sync([&] {
      live_ = std::make_shared<Live>(loop_, system_pool_, lookups_, gate_,
                                     LiveOptions{options_.config, options_.store, options_.version,
                                                 options_.clock, options_.poll_interval});
      live_->mount(*router);
      live_->start(*cameras, *revisions);
    });

    net::ListenOptions listen;
    listen.address = options_.config.web.listen;
    listen.tls = tls_files(options_.config);
    listen.max_body_bytes = kStrangersBody;
    listen.max_connections = max_connections();
    listen.trusted_proxies = options_.config.web.trusted_proxies;
    listen.base_path = options_.config.base_path();
    listen.unnamed_proxy = options_.config.has_unnamed_proxy();
    auto http = net::HttpServer::listen(loop_, router, listen);
    if (!http) return http.error();
    {
      const std::lock_guard lock(http_mutex_);
      http_ = std::move(*http);
    }
    set_url();
    log::info("web.listening", {{"url", url_}});
    if (options_.heartbeat && options_.heartbeat_every.count() > 0) {
      loop_.run_sync([this] {
        heartbeat_.emplace(loop_);
        heartbeat_->start_repeating(options_.heartbeat_every, options_.heartbeat);
      });
    }
    return {};
  }

  std::uint16_t port() const override { return http_->port(); }
  const std::string& url() const override { return url_; }
  const std::vector<RouteInfo>& routes() const override { return gate_.routes(); }

 private:
  /// From a pool's thread, also while the server is taken down.
  net::HttpServerStats http_stats() {
    const std::lock_guard lock(http_mutex_);
    return http_ ? http_->stats() : net::HttpServerStats{};
  }

  void set_url() {
    config::Config bound = options_.config;
    const auto& listen = options_.config.web.listen;
    bound.publish.url.clear();
    bound.web.listen = listen.substr(0, listen.rfind(':') + 1) + std::to_string(http_->port());
    url_ = bound.web_url();
  }

  WebAppOptions options_;
  telemetry::Metrics metrics_;
  LoginThrottle throttle_;
  net::EventLoop loop_;
  WorkerPool sql_pool_;
  FairQueue logins_;
  WorkerPool password_pool_;
  WorkerPool system_pool_;
  TokenLookups lookups_;
  Gate gate_;
  ApiContext context_;
  std::shared_ptr<Live> live_;           ///< Touched on the loop only.
  std::optional<net::Timer> heartbeat_;  ///< Touched on the loop only.
  std::mutex http_mutex_;
  std::unique_ptr<net::HttpServer> http_;
  std::string url_;
};

}  // namespace

Result<std::unique_ptr<WebApp>> WebApp::start(WebAppOptions options) {
  auto zone = attendance::TimeZone::find(options.config.attendance.timezone);
  if (!zone) return zone.error();
  auto app = std::make_unique<RunningWebApp>(std::move(options), std::move(*zone));
  if (auto opened = app->open(); !opened) return opened.error();
  return std::unique_ptr<WebApp>(std::move(app));
}

}  // namespace surveillx::webapp
