#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "surveillx/base/clock.hpp"

namespace surveillx {

/// Token buckets by key (an address, a user name), in bounded memory: with `max_keys` keys known,
/// the one that was not asked about for longest is forgotten. Not thread-safe.
class RateLimits {
 public:
  struct Options {
    double capacity = 10;                     ///< What may come at once.
    std::chrono::milliseconds refill{1'000};  ///< One token comes back in this time.
    std::size_t max_keys = 4096;
  };
  RateLimits(const Clock& clock, Options options) : clock_(clock), options_(options) {}

  /// Takes a token; false when none is left.
  bool take(std::string_view key);
  /// What `take` would answer, without taking.
  [[nodiscard]] bool allows(std::string_view key) const;
  /// Until `take` succeeds again; zero when it would now.
  [[nodiscard]] std::chrono::milliseconds wait(std::string_view key) const;
  /// Takes back one `take`.
  void give_back(std::string_view key);
  void forget(std::string_view key);

 private:
  struct Bucket {
    std::string key;
    double tokens = 0;
    SteadyTime at{};
  };
  [[nodiscard]] double tokens_of(const Bucket& bucket, SteadyTime now) const;
  [[nodiscard]] const Bucket* find(std::string_view key) const;

  const Clock& clock_;
  Options options_;
  std::list<Bucket> buckets_;  ///< The longest unused first.
  /// Keys point into the buckets.
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key_;
};

}  // namespace surveillx
