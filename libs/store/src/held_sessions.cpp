#include "held_sessions.hpp"

#include <utility>

namespace surveillx::store {

bool HeldSessions::add(const std::string& id, HeldSession session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMost) return false;
  sessions_.insert_or_assign(id, std::move(session));
  next_try_ = std::chrono::steady_clock::now() + kBetweenTries;
  return true;
}

std::optional<HeldSession> HeldSessions::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(std::string(id));
  return found == sessions_.end() ? std::nullopt : std::optional(found->second);
}

void HeldSessions::replace(const std::string& id, const HeldSession& session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second = session;
}

void HeldSessions::remove(std::string_view id) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(std::string(id));
}

void HeldSessions::remove_if(
    const std::function<bool(const std::string&, const HeldSession&)>& matches) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return matches(entry.first, entry.second); });
}

bool HeldSessions::worth_a_try() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) return false;
  next_try_ = now + kBetweenTries;
  return true;
}

}  // namespace surveillx::store
