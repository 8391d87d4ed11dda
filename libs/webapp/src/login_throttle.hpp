#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/base/rate_limits.hpp"

#include "recent_set.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace surveillx::webapp {

struct ThrottleLimits {
  int per_user_and_address = 10;
  int per_address = 100;  ///< Against many names from one place.
  std::chrono::milliseconds window{std::chrono::minutes(5)};
  std::size_t max_entries = 10'000;
  /// Against one name from many places: failures at once, and how soon another.
  double per_user = 50;
  std::chrono::milliseconds per_user_refill{std::chrono::seconds(30)};
};

/// Where an attempt comes from.
struct LoginSource {
  std::string_view address;
  /// A device that signed in as this user before and proves it; empty: none. It has counters of
  /// its own, which nobody else can use up.
  std::string_view device;
};

/// Counts sign-in attempts by user name and address (address_group). An attempt counts as failed
/// from its start, so that many at once get no further than one after the other; success takes it
/// back. Nobody can shut somebody else out: what one address uses up counts against that address,
/// and a name that is tried from everywhere costs those their next try who failed before, not an
/// address that comes with its first, nor one where the user has signed in. One thread.
class LoginThrottle {
 public:
  LoginThrottle(const Clock& clock, ThrottleLimits limits)
      : clock_(clock),
        limits_(limits),
        users_(clock, {limits.per_user, limits.per_user_refill, limits.max_entries}),
        known_(limits.max_entries) {}

  /// Nothing: go ahead (and it counts). Otherwise how long to wait.
  [[nodiscard]] std::optional<std::chrono::seconds> start(std::string_view username,
                                                          const LoginSource& source);
  /// The attempt succeeded: the name's failures from this address are forgotten.
  void succeeded(std::string_view username, const LoginSource& source);
  /// The attempt was never decided (the server was busy): it does not count.
  void undecided(std::string_view username, const LoginSource& source);

 private:
  using Attempts = std::deque<SteadyTime>;
  [[nodiscard]] static std::string key(std::string_view username, const LoginSource& source);
  [[nodiscard]] bool trusted(std::string_view username, const LoginSource& source) const;
  void expire(Attempts& attempts, SteadyTime now) const;
  void take_back(const std::string& key);
  void make_room(SteadyTime now);

  const Clock& clock_;
  ThrottleLimits limits_;
  std::unordered_map<std::string, Attempts> attempts_;
  RateLimits users_;
  RecentSet known_;  ///< Keys of who has signed in.
};

}  // namespace surveillx::webapp
