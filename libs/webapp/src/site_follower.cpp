#include "site_follower.hpp"

#include "surveillx/base/log.hpp"

#include <exception>
#include <utility>

namespace surveillx::webapp {

SiteFollower::SiteFollower(net::EventLoop& loop, WorkerPool& pool,
                           std::shared_ptr<store::Store> store, SiteEvents events)
    : loop_(loop),
      pool_(pool),
      store_(std::move(store)),
      events_(std::move(events)),
      timer_(loop) {}

void SiteFollower::start(const store::Revisions& revisions, std::chrono::milliseconds every) {
  revisions_ = revisions;
  timer_.start_repeating(every, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look();
  });
}

void SiteFollower::look() {
  if (looking_) return;
  const bool reload = std::exchange(reload_cameras_, false);
  const bool check_all = std::exchange(check_sessions_, false);
  Wanted wanted{revisions_, reload, events_.sessions(check_all), events_.sessions(true)};
  auto job = [weak = weak_from_this(), &loop = loop_, store = store_, wanted = std::move(wanted)] {
    loop.post([weak, found = read_or_log(*store, wanted)] {
      if (const auto self = weak.lock()) self->apply(found);
    });
  };
  looking_ = pool_.try_post(std::move(job));
  reload_cameras_ = reload_cameras_ || (!looking_ && reload);
  check_sessions_ = check_sessions_ || (!looking_ && check_all);
}

/// What throws is a look that could not read anything: were nothing posted, there would be no more.
SiteFollower::Found SiteFollower::read_or_log(store::Store& store, const Wanted& wanted) {
  try {
    return read(store, wanted);
  } catch (const std::exception& e) {
    log::error("live.look_failed", {{"error", e.what()}});
    return {};
  }
}

SiteFollower::Found SiteFollower::read(store::Store& store, const Wanted& wanted) {
  Found found;
  const auto revisions = store.revision.current();
  if (!revisions) return found;
  found.revisions = *revisions;
  if (wanted.cameras || revisions->cameras != wanted.known.cameras) {
    if (auto cameras = store.cameras.list()) {
      found.cameras = std::move(*cameras);
    } else {
      found.revisions.reset();
    }
  }
  if (revisions->attendance > wanted.known.attendance) {
    read_attendance(store, wanted.known, found);
  }
  read_sessions(
      store, revisions->access != wanted.known.access ? wanted.all_sessions : wanted.due_sessions,
      found);
  return found;
}

void SiteFollower::read_attendance(store::Store& store, const store::Revisions& known,
                                   Found& found) {
  auto changes = store.attendance.changed_since(known.attendance);
  if (!changes) {
    found.revisions.reset();
    return;
  }
  found.attendance = std::move(*changes);
  // What is newer than the revision row was when it was read is in there already.
  if (!found.attendance.empty() && found.revisions) {
    found.revisions->attendance = found.attendance.back().revision;
  }
}

void SiteFollower::read_sessions(store::Store& store, const std::vector<std::string>& ids,
                                 Found& found) {
  for (const auto& id : ids) {
    auto session = store.sessions.find_by_id(id);
    if (session) {
      found.sessions.push_back(std::move(*session));
    } else if (session.error().is(kNotFound)) {
      found.ended_sessions.push_back(id);
    } else {
      // Not known is not ended; the next look asks again.
      found.revisions.reset();
    }
  }
}

void SiteFollower::apply(const Found& found) {
  looking_ = false;
  // Before cameras and news: who may see them is in there.
  for (const auto& session : found.sessions) events_.on_session(session);
  for (const auto& id : found.ended_sessions) {
    log::info("live.session_ended");
    events_.on_session_ended(id);
  }
  if (found.cameras) events_.on_cameras(*found.cameras);
  events_.on_attendance(found.attendance);
  if (!found.revisions) {
    // What was to be looked at has not been, or not all of it.
    reload_cameras_ = true;
    check_sessions_ = true;
    if (!std::exchange(failed_, true)) log::warn("live.database_unreadable");
    return;
  }
  if (std::exchange(failed_, false)) log::info("live.database_readable");
  const bool gallery = found.revisions->gallery != revisions_.gallery ||
                       found.revisions->cameras != revisions_.cameras;
  revisions_ = *found.revisions;
  if (gallery) events_.on_gallery(revisions_.gallery + revisions_.cameras);
}

}  // namespace surveillx::webapp
