#include "login_throttle.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace surveillx::webapp {

std::string LoginThrottle::key(std::string_view username, std::string_view address) {
  // User names compare without letter case, so the counter must too.
  std::string result(username.substr(0, 64));
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result + '\n' + std::string(address);
}

void LoginThrottle::expire(Attempts& attempts, SteadyTime now) const {
  while (!attempts.empty() && now - attempts.front() >= limits_.window) attempts.pop_front();
}

void LoginThrottle::make_room(SteadyTime now) {
  if (attempts_.size() < limits_.max_entries) return;
  std::erase_if(attempts_, [&](const auto& entry) {
    return entry.second.empty() || now - entry.second.back() >= limits_.window;
  });
  // Still full of fresh ones: forget the one that is idle for longest rather than grow.
  while (attempts_.size() >= limits_.max_entries) {
    attempts_.erase(std::min_element(attempts_.begin(), attempts_.end(), [](auto& a, auto& b) {
      return a.second.back() < b.second.back();
    }));
  }
}

std::optional<std::chrono::seconds> LoginThrottle::start(std::string_view username,
                                                         std::string_view address) {
  const auto now = clock_.steady();
  const std::array<std::pair<std::string, int>, 2> counters{
      {{key(username, address), limits_.per_user_and_address},
       {key("", address), limits_.per_address}}};
  for (const auto& [name, limit] : counters) {
    const auto found = attempts_.find(name);
    if (found == attempts_.end()) continue;
    expire(found->second, now);
    if (found->second.size() < static_cast<std::size_t>(limit)) continue;
    const auto wait = limits_.window - (now - found->second.front());
    return std::chrono::ceil<std::chrono::seconds>(wait);
  }
  for (const auto& counter : counters) {
    if (!attempts_.contains(counter.first)) make_room(now);
    attempts_[counter.first].push_back(now);
  }
  return std::nullopt;
}

void LoginThrottle::take_back(const std::string& name) {
  const auto found = attempts_.find(name);
  if (found == attempts_.end()) return;
  if (!found->second.empty()) found->second.pop_back();
  if (found->second.empty()) attempts_.erase(found);
}

void LoginThrottle::succeeded(std::string_view username, std::string_view address) {
  attempts_.erase(key(username, address));
  take_back(key("", address));
}

void LoginThrottle::undecided(std::string_view username, std::string_view address) {
  take_back(key(username, address));
  take_back(key("", address));
}

}  // namespace surveillx::webapp
