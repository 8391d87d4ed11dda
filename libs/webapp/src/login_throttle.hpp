#pragma once

#include "surveillx/base/clock.hpp"

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
};

/// Counts sign-in attempts by user name and address. An attempt counts as failed from its start, so
/// that many at once get no further than one after the other; success takes it back. One thread.
class LoginThrottle {
 public:
  LoginThrottle(const Clock& clock, ThrottleLimits limits) : clock_(clock), limits_(limits) {}

  /// Nothing: go ahead (and it counts). Otherwise how long to wait.
  [[nodiscard]] std::optional<std::chrono::seconds> start(std::string_view username,
                                                          std::string_view address);
  /// The attempt succeeded: the name's failures from this address are forgotten.
  void succeeded(std::string_view username, std::string_view address);
  /// The attempt was never decided (the server was busy): it does not count.
  void undecided(std::string_view username, std::string_view address);

 private:
  using Attempts = std::deque<SteadyTime>;
  [[nodiscard]] static std::string key(std::string_view username, std::string_view address);
  void expire(Attempts& attempts, SteadyTime now) const;
  void take_back(const std::string& key);
  void make_room(SteadyTime now);

  const Clock& clock_;
  ThrottleLimits limits_;
  std::unordered_map<std::string, Attempts> attempts_;
};

}  // namespace surveillx::webapp
