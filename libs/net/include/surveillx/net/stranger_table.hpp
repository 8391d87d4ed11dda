#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace surveillx::net {

/// Who may have a place (a connection, a session) while nobody knows who they are, and whose gives
/// way when there are too many. Places of those who were let in (`admit`) count in `total` and are
/// never taken; strangers' are bounded by address (address_group) and in sum. A newcomer always
/// finds a place as long as a stranger's can give way: one of the address that holds most, the
/// longest idle first. Pure; one thread.
class StrangerTable {
 public:
  using Id = std::uint64_t;
  /// What a stranger does with the place, in rising worth.
  enum class Rank { idle, unfinished, busy };

  /// `per_group`: of strangers of one address.
  StrangerTable(std::size_t total, std::size_t per_group)
      : total_(total), per_group_(per_group) {}

  struct Verdict {
    bool accept = true;
    bool by_address = false;   ///< The address has too many; else there are too many at all.
    std::optional<Id> evict;   ///< Ends first; `remove` follows.
  };
  /// `shared`: the address speaks for many (a trusted proxy), so that only the sum counts.
  [[nodiscard]] Verdict newcomer(const std::string& group, bool shared) const;
  /// The place that is worth least; nothing when no stranger's can go.
  [[nodiscard]] std::optional<Id> least() const;

  void add(Id id, const std::string& group, bool shared);
  void remove(Id id);
  void set_rank(Id id, Rank rank);
  /// Was let in. For good: a place that somebody known has used is not a stranger's again.
  void admit(Id id);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t strangers() const { return strangers_; }
  /// Half of all places are strangers': idle ones are kept for less long.
  [[nodiscard]] bool pressed() const { return strangers_ * 2 > total_; }

 private:
  struct Group {
    std::string name;
    bool shared = false;
    std::size_t count = 0;
    std::array<std::list<Id>, 3> by_rank;  ///< The longest in its rank first.
  };
  struct Entry {
    Group* group = nullptr;  ///< Null: was let in.
    Rank rank = Rank::idle;
    std::list<Id>::iterator place;
  };
  [[nodiscard]] static std::list<Id>& queue(Group& group, Rank rank) {
    return group.by_rank[static_cast<std::size_t>(rank)];
  }
  void leave_group(Entry& entry);
  void count(Group& group, std::size_t now);

  std::size_t total_;
  std::size_t per_group_;
  std::size_t strangers_ = 0;
  std::unordered_map<Id, Entry> entries_;
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
  std::set<std::pair<std::size_t, Group*>> by_count_;
};

}  // namespace surveillx::net
