#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/base/id.hpp"
#include "surveillx/domain/ids.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace surveillx::store {

/// A session that exists in this process only, because another program holds SQLite's write lock:
/// signing in is reading, and must not wait for whoever copies the file. It goes into the database
/// at the first use after the lock is free; a process that ends before takes it along.
struct HeldSession {
  UserId user;
  std::string password_hash;  ///< It ends when this is not the user's hash any more.
  UnixMillis created_at{};
  UnixMillis last_used_at{};
  UnixMillis expires_at{};
};

/// The sessions of one process that wait for the database. Thread-safe; never blocks.
class HeldSessions {
 public:
  /// False when too many wait already.
  [[nodiscard]] bool add(const std::string& id, HeldSession session);
  [[nodiscard]] std::optional<HeldSession> find(std::string_view id) const;
  void replace(const std::string& id, const HeldSession& session);
  void remove(std::string_view id);
  void remove_if(const std::function<bool(const std::string&, const HeldSession&)>& matches);
  /// Whether it is time to try the database again: not for every request.
  [[nodiscard]] bool worth_a_try();

 private:
  static constexpr std::size_t kMost = 1'000;
  static constexpr std::chrono::milliseconds kBetweenTries{1'000};

  mutable std::mutex mutex_;
  std::unordered_map<std::string, HeldSession> sessions_;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace surveillx::store
