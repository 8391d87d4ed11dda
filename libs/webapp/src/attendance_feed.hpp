#pragma once

#include "surveillx/live/attendance.hpp"
#include "surveillx/store/attendance_book.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace surveillx::webapp {

/// What the database says about a record, as the event that viewers get.
[[nodiscard]] live::Attendance attendance_of(const store::AttendanceChange& change);

/// Attendance reaches viewers by two ways: media's own event, which is fast, and the database, which
/// also has what media committed while it was away from web, what another node wrote and what was
/// corrected. The feed lets what came by one way pass, and the same by the other way not again.
/// Free of sockets and threads; the event loop's thread only.
class AttendanceFeed {
 public:
  /// False: the database has told viewers the same.
  [[nodiscard]] bool admit(const live::Attendance& from_media);
  /// The events that viewers have yet to get of what was read from the database.
  [[nodiscard]] std::vector<live::Attendance> news(
      const std::vector<store::AttendanceChange>& changes);

  /// Records about which something is remembered: what one way has told and the other has not yet.
  [[nodiscard]] std::size_t remembered() const { return told_.size(); }
  static constexpr std::size_t kMaxRemembered = 10'000;

 private:
  struct Told {
    UnixMillis first_seen{};
    UnixMillis last_seen{};
    bool as_new = false;
    bool by_media = false;
  };
  using Key = std::pair<PersonId, std::string>;  ///< Person and day.

  void remember(const Key& key, const Told& told);

  std::map<Key, Told> told_;
};

}  // namespace surveillx::webapp
