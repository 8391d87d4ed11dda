#pragma once

#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"

#include "fair_queue.hpp"
#include "gate.hpp"
#include "live.hpp"
#include "login_throttle.hpp"

#include <functional>
#include <memory>
#include <string>

namespace surveillx::webapp {

/// The services of this process that resources are built from, one const context for all of them: were
/// each handed its own few, whoever composes them would change with every resource. What one resource
/// alone keeps (counters, a probe under way) is no service and lives in that resource's file.
/// Everything outlives the HTTP server.
struct ApiContext {
  net::EventLoop& loop;
  Gate& gate;
  WorkerPool& sql_pool;
  FairQueue& logins;          ///< Argon2 takes 64 MB and 60 ms a call: few threads. On the loop.
  WorkerPool& password_pool;  ///< The same for who is signed in.
  WorkerPool& system_pool;    ///< For what must not wait behind requests: `/readyz`.
  TokenLookups& lookups;      ///< On the loop.
  std::shared_ptr<store::Store> store;
  LoginThrottle& throttle;  ///< On the loop.
  telemetry::Metrics& metrics;
  attendance::TimeZone zone;
  const Clock& clock;
  const config::Config& config;
  std::string version;
  /// The live side; null once web is ending. Call from the loop only.
  std::function<std::shared_ptr<Live>()> live;
  /// What the live side knows, from a pool's thread.
  std::function<LiveFacts()> live_facts;
  /// What the HTTP server has counted; from any thread, while the server answers.
  std::function<net::HttpServerStats()> http_stats;
};

}  // namespace surveillx::webapp
