#include "surveillx/net/stranger_table.hpp"

namespace surveillx::net {

StrangerTable::Verdict StrangerTable::newcomer(const std::string& name, bool shared) const {
  Verdict verdict;
  const auto found = groups_.find(name);
  if (!shared && found != groups_.end() && found->second->count >= per_group_) {
    const Group& group = *found->second;
    verdict.by_address = true;
    for (const Rank rank : {Rank::idle, Rank::unfinished}) {
      const auto& waiting = group.by_rank[static_cast<std::size_t>(rank)];
      if (waiting.empty()) continue;
      verdict.evict = waiting.front();
      return verdict;
    }
    verdict.accept = false;
    return verdict;
  }
  if (entries_.size() < total_) return verdict;
  verdict.evict = least();
  verdict.accept = verdict.evict.has_value();
  return verdict;
}

std::optional<StrangerTable::Id> StrangerTable::least() const {
  for (const Rank rank : {Rank::idle, Rank::unfinished, Rank::busy}) {
    for (auto it = by_count_.rbegin(); it != by_count_.rend(); ++it) {
      const Group& group = *it->second;
      // Behind a proxy a request that is under way may be anybody's.
      if (rank != Rank::idle && group.shared) continue;
      const auto& waiting = group.by_rank[static_cast<std::size_t>(rank)];
      if (!waiting.empty()) return waiting.front();
    }
  }
  return std::nullopt;
}

void StrangerTable::count(Group& group, std::size_t now) {
  by_count_.erase({group.count, &group});
  group.count = now;
  if (now > 0) by_count_.insert({now, &group});
}

void StrangerTable::add(Id id, const std::string& name, bool shared) {
  std::unique_ptr<Group>& group = groups_[name];
  if (!group) {
    group = std::make_unique<Group>();
    group->name = name;
  }
  group->shared = shared;
  count(*group, group->count + 1);
  ++strangers_;
  Entry entry;
  entry.group = group.get();
  std::list<Id>& idle = queue(*group, Rank::idle);
  entry.place = idle.insert(idle.end(), id);
  entries_.emplace(id, entry);
}

void StrangerTable::leave_group(Entry& entry) {
  if (entry.group == nullptr) return;
  Group& group = *entry.group;
  entry.group = nullptr;
  queue(group, entry.rank).erase(entry.place);
  --strangers_;
  count(group, group.count - 1);
  if (group.count == 0) groups_.erase(std::string(group.name));
}

void StrangerTable::remove(Id id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  leave_group(found->second);
  entries_.erase(found);
}

void StrangerTable::admit(Id id) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) leave_group(found->second);
}

void StrangerTable::set_rank(Id id, Rank rank) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.group == nullptr) return;
  Entry& entry = found->second;
  std::list<Id>& to = queue(*entry.group, rank);
  to.splice(to.end(), queue(*entry.group, entry.rank), entry.place);
  entry.rank = rank;
}

}  // namespace surveillx::net
