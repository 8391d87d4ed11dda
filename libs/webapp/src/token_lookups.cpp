#include "token_lookups.hpp"

#include "surveillx/base/log.hpp"
#include "surveillx/base/log_stranger.hpp"
#include "surveillx/net/address.hpp"

#include <utility>

namespace surveillx::webapp {

TokenLookups::TokenLookups(net::EventLoop& loop, std::shared_ptr<store::Store> store,
                           const Clock& clock, telemetry::Metrics& metrics, LookupLimits limits)
    : loop_(loop),
      store_(std::move(store)),
      wrong_(clock, {limits.wrong_tokens, limits.wrong_token_refill, 10'000}),
      valid_(limits.remembered),
      queue_(loop, "web-token", limits.queue) {
  const auto counter = [&](const char* result) {
    return metrics.counter("token_lookups_total", "Look-ups of session tokens by outcome.",
                           {{"result", result}});
  };
  found_ = counter("found");
  wrong_count_ = counter("wrong");
  limited_ = counter("address_limited");
  busy_ = counter("busy");
}

void TokenLookups::find(const std::string& token, std::string_view address, Done done) {
  const std::string hash = crypto::token_hash(token);
  const std::string group = net::address_group(address);
  const bool known = valid_.contains(hash);
  if (!known && !wrong_.allows(group)) {
    limited_.add();
    log::stranger(log::Level::warn, "auth.tokens_limited", group, {{"address", address}});
    return done(Error{kTooManyAttempts,
                      "Too many wrong tokens came from this address; try again shortly."});
  }
  const auto answer = std::make_shared<Done>(std::move(done));
  // What the thread posts finds this alive: the loop ends first.
  const bool taken = queue_.push(known ? hash : group, [this, token, hash, group, answer] {
    auto session = store_->sessions.find(token);
    loop_.post([this, hash, group, answer, session = std::move(session)] {
      finished(hash, group, session);
      (*answer)(session);
    });
  });
  if (taken) return;
  busy_.add();
  log::stranger(log::Level::warn, "auth.lookups_busy", group, {{"address", address}});
  (*answer)(Error{kUnavailable, "Too many tokens are being looked up; try again shortly."});
}

void TokenLookups::finished(const std::string& hash, const std::string& group,
                            const Result<store::Session>& session) {
  if (session) {
    found_.add();
    valid_.insert(hash);
  } else if (session.error().is(kNotFound)) {
    wrong_count_.add();
    (void)wrong_.take(group);
    valid_.erase(hash);
  }
}

}  // namespace surveillx::webapp
