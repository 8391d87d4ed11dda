#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace surveillx::webapp {

/// Remembers texts, and with no room forgets the one that was not added again for longest.
class RecentSet {
 public:
  explicit RecentSet(std::size_t max) : max_(max) {}

  [[nodiscard]] bool contains(std::string_view text) const { return by_text_.contains(text); }
  void insert(std::string_view text) {
    if (const auto known = by_text_.find(text); known != by_text_.end()) {
      order_.splice(order_.end(), order_, known->second);
      return;
    }
    if (!order_.empty() && order_.size() >= max_) erase(std::string(order_.front()));
    order_.emplace_back(text);
    by_text_.emplace(order_.back(), std::prev(order_.end()));
  }
  void erase(std::string_view text) {
    const auto known = by_text_.find(text);
    if (known == by_text_.end()) return;
    const auto place = known->second;
    by_text_.erase(known);
    order_.erase(place);
  }

 private:
  std::size_t max_;
  std::list<std::string> order_;  ///< The oldest first.
  /// Keys point into the list.
  std::unordered_map<std::string_view, std::list<std::string>::iterator> by_text_;
};

}  // namespace surveillx::webapp
