#include "login_throttle.hpp"

#include "surveillx/base/unicode.hpp"
#include "surveillx/net/address.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace surveillx::webapp {

namespace {

constexpr std::size_t kMaxUsernameBytes = 256;  // 64 characters.

/// User names compare in one form, so the counters must too.
std::string folded(std::string_view username) {
  return unicode::compared(username.substr(0, kMaxUsernameBytes));
}

}  // namespace

std::string LoginThrottle::key(std::string_view username, const LoginSource& source) {
  if (!source.device.empty()) return folded(username) + "\ndevice " + std::string(source.device);
  return folded(username) + '\n' + net::address_group(source.address);
}

bool LoginThrottle::trusted(std::string_view username, const LoginSource& source) const {
  return !source.device.empty() || known_.contains(key(username, source));
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
                                                         const LoginSource& source) {
  const auto now = clock_.steady();
  const bool is_trusted = trusted(username, source);
  std::vector<std::pair<std::string, int>> counters{
      {key(username, source), limits_.per_user_and_address}};
  if (!is_trusted) counters.emplace_back(key("", source), limits_.per_address);
  for (const auto& [name, limit] : counters) {
    const auto found = attempts_.find(name);
    if (found == attempts_.end()) continue;
    expire(found->second, now);
    if (found->second.size() < static_cast<std::size_t>(limit)) continue;
    const auto wait = limits_.window - (now - found->second.front());
    return std::chrono::ceil<std::chrono::seconds>(wait);
  }
  if (!is_trusted) {
    const std::string user = folded(username);
    const auto own = attempts_.find(counters.front().first);
    const bool failed_before = own != attempts_.end() && !own->second.empty();
    if (failed_before && !users_.allows(user)) {
      return std::chrono::ceil<std::chrono::seconds>(users_.wait(user));
    }
    (void)users_.take(user);
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

void LoginThrottle::succeeded(std::string_view username, const LoginSource& source) {
  if (!trusted(username, source)) {
    take_back(key("", source));
    users_.give_back(folded(username));
  }
  attempts_.erase(key(username, source));
  known_.insert(key(username, {source.address, {}}));
}

void LoginThrottle::undecided(std::string_view username, const LoginSource& source) {
  if (!trusted(username, source)) {
    take_back(key("", source));
    users_.give_back(folded(username));
  }
  take_back(key(username, source));
}

}  // namespace surveillx::webapp
