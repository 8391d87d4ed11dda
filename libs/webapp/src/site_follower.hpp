#pragma once

#include "surveillx/base/worker_pool.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace surveillx::webapp {

/// What the follower found, and what it has to ask for; on the loop.
struct SiteEvents {
  std::function<void(const std::vector<domain::Camera>&)> on_cameras;
  std::function<void(const std::vector<store::AttendanceChange>&)> on_attendance;
  /// The ids of the sessions that have open sockets: all of them, or those whose time is over.
  std::function<std::vector<std::string>(bool all)> sessions;
  /// A session of these goes on; its user may have got another role.
  std::function<void(const store::Session&)> on_session;
  std::function<void(const std::string& id)> on_session_ended;
  /// People, photos, cameras or tokens have changed.
  std::function<void(std::int64_t revision)> on_gallery;
};

/// Follows the database's revision row, and what it says has changed: cameras, attendance,
/// sessions. Reads on the pool, one look at a time; all else on the loop, where it is created and
/// destroyed. What a look could not read is looked at again.
class SiteFollower : public std::enable_shared_from_this<SiteFollower> {
 public:
  SiteFollower(net::EventLoop& loop, WorkerPool& pool, std::shared_ptr<store::Store> store,
               SiteEvents events);

  /// `revisions`: what is known already.
  void start(const store::Revisions& revisions, std::chrono::milliseconds every);
  /// The next look reads the cameras, whatever the revision row says.
  void reload_cameras() { reload_cameras_ = true; }
  /// The next look checks every session.
  void check_sessions() { check_sessions_ = true; }

 private:
  struct Found {
    std::optional<store::Revisions> revisions;  ///< Nothing: not everything could be read.
    std::optional<std::vector<domain::Camera>> cameras;
    std::vector<store::AttendanceChange> attendance;
    std::vector<store::Session> sessions;
    std::vector<std::string> ended_sessions;
  };
  struct Wanted {
    store::Revisions known;
    bool cameras = false;
    std::vector<std::string> due_sessions;
    std::vector<std::string> all_sessions;
  };

  [[nodiscard]] static Found read_or_log(store::Store& store, const Wanted& wanted);
  [[nodiscard]] static Found read(store::Store& store, const Wanted& wanted);
  static void read_attendance(store::Store& store, const store::Revisions& known, Found& found);
  static void read_sessions(store::Store& store, const std::vector<std::string>& ids, Found& found);
  void look();
  void apply(const Found& found);

  net::EventLoop& loop_;
  WorkerPool& pool_;
  std::shared_ptr<store::Store> store_;
  SiteEvents events_;
  net::Timer timer_;
  store::Revisions revisions_;
  bool looking_ = false;
  bool reload_cameras_ = false;
  bool check_sessions_ = false;
  bool failed_ = false;
};

}  // namespace surveillx::webapp
