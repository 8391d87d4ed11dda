#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/base/rate_limits.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"

#include "fair_queue.hpp"
#include "recent_set.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace surveillx::webapp {

inline constexpr ErrorName kTooManyAttempts{"too_many_attempts"};

struct LookupLimits {
  FairQueue::Limits queue;
  /// Wrong tokens that an address may show at once, and how soon another.
  double wrong_tokens = 30;
  std::chrono::milliseconds wrong_token_refill{1'000};
  std::size_t remembered = 4096;  ///< Tokens that were seen valid.
};

/// Finds the session of a token, for whoever shows one. Anybody can, so this has threads of its own,
/// which take turns by address: strangers stand in nobody's way but each other's. A token that was
/// seen valid has a turn of its own and is not counted against its address, so that whoever is
/// signed in is not shut out by somebody behind the same router. On the loop.
class TokenLookups {
 public:
  TokenLookups(net::EventLoop& loop, std::shared_ptr<store::Store> store, const Clock& clock,
               telemetry::Metrics& metrics, LookupLimits limits = {});

  /// The session, `not_found`, `too_many_attempts` (wrong tokens from this address), `unavailable`
  /// (too many at once), or the database's error; on the loop, now or later.
  using Done = std::function<void(Result<store::Session>)>;
  void find(const std::string& token, std::string_view address, Done done);

  /// A token that was just made: it is not taken for a stranger's.
  void issued(const std::string& token) { valid_.insert(crypto::token_hash(token)); }
  /// Joins; before the loop ends, not on its thread.
  void stop() { queue_.stop(); }

 private:
  void finished(const std::string& hash, const std::string& group,
                const Result<store::Session>& session);

  net::EventLoop& loop_;
  std::shared_ptr<store::Store> store_;
  RateLimits wrong_;
  RecentSet valid_;  ///< Hashes.
  telemetry::Counter found_;
  telemetry::Counter wrong_count_;
  telemetry::Counter limited_;
  telemetry::Counter busy_;
  FairQueue queue_;
};

}  // namespace surveillx::webapp
