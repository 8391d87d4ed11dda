#include "attendance_feed.hpp"

#include "payloads.hpp"

namespace surveillx::webapp {

void AttendanceFeed::remember(const Key& key, const Told& told) {
  // The other way may never come (legacy publishing, a database that is away): what is forgotten
  // costs a repeated event, which receivers bear.
  if (told_.size() >= kMaxRemembered) told_.clear();
  told_.insert_or_assign(key, told);
}

bool AttendanceFeed::admit(const socketio::Arguments& from_media) {
  const auto& object = from_media.args.front().as_object();
  const Key key(object.at("person_id").as_string(), object.at("day").as_string());
  Told told{.first_seen = object.at("first_seen").to_number<std::int64_t>(),
            .last_seen = object.at("last_seen").to_number<std::int64_t>(),
            .as_new = object.at("new").as_bool(),
            .by_media = true};
  const auto known = told_.find(key);
  if (known != told_.end()) {
    const Told& before = known->second;
    const bool same = before.first_seen == told.first_seen && before.last_seen == told.last_seen;
    if (same && !before.by_media && (before.as_new || !told.as_new)) {
      told_.erase(known);
      return false;
    }
    told.as_new = told.as_new || before.as_new;
  }
  remember(key, told);
  return true;
}

std::vector<socketio::Arguments> AttendanceFeed::news(
    const std::vector<store::AttendanceChange>& changes) {
  std::vector<socketio::Arguments> events;
  for (const auto& change : changes) {
    const auto& record = change.record;
    const Key key(record.person_id.str(), record.day);
    const Told told{.first_seen = to_millis(record.first_seen),
                    .last_seen = to_millis(record.last_seen),
                    .as_new = change.made,
                    .by_media = false};
    const auto known = told_.find(key);
    if (known != told_.end()) {
      const Told& before = known->second;
      const bool same = before.first_seen == told.first_seen && before.last_seen == told.last_seen;
      if (same && !change.rebuilt && (before.as_new || !told.as_new)) {
        if (before.by_media) told_.erase(known);
        continue;
      }
    }
    events.push_back(attendance_event(change));
    remember(key, told);
  }
  return events;
}

}  // namespace surveillx::webapp
