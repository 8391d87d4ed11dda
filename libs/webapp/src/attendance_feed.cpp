#include "attendance_feed.hpp"

namespace surveillx::webapp {

live::Attendance attendance_of(const store::AttendanceChange& change) {
  auto attendance = live::Attendance::of(change.record);
  if (!change.rebuilt) attendance.camera_id = change.camera;
  attendance.is_new = change.made && !change.rebuilt;
  attendance.corrected = change.rebuilt;
  return attendance;
}

void AttendanceFeed::remember(const Key& key, const Told& told) {
  // The other way may never come (legacy publishing, a database that is away): what is forgotten
  // costs a repeated event, which receivers bear.
  if (told_.size() >= kMaxRemembered) told_.clear();
  told_.insert_or_assign(key, told);
}

bool AttendanceFeed::admit(const live::Attendance& from_media) {
  const Key key(from_media.person_id, from_media.day);
  Told told{.first_seen = from_media.first_seen,
            .last_seen = from_media.last_seen,
            .as_new = from_media.is_new,
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

std::vector<live::Attendance> AttendanceFeed::news(
    const std::vector<store::AttendanceChange>& changes) {
  std::vector<live::Attendance> events;
  for (const auto& change : changes) {
    const auto& record = change.record;
    const Key key(record.person_id, record.day);
    const Told told{.first_seen = record.first_seen,
                    .last_seen = record.last_seen,
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
    events.push_back(attendance_of(change));
    remember(key, told);
  }
  return events;
}

}  // namespace surveillx::webapp
