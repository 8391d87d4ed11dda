#include "revision_follower.hpp"

#include <pthread.h>

#include <chrono>
#include <exception>
#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};

// For the watch; what a step waits for in the database comes on top.
/// Half a second's, on a machine that starves.
constexpr std::chrono::seconds kWait{30};
/// Opening 100,000 vectors and laying them out, on a machine that swaps.
constexpr std::chrono::minutes kOwnWork{2};
/// Writes up to 5,000 sightings that a full disk had refused, each with an fsync: a sick disk may take
/// half a second for one, and who ended the process would lose them.
constexpr std::chrono::hours kAfterLook{1};
/// It also asks the database: for the clock, and for the person of each dead letter.
constexpr int kCallsAfterLook = 100;

/// What throws (memory, a driver) is an error like others: the thread has to go on.
template <class Ask>
auto safely(const Ask& ask) -> decltype(ask()) {
  try {
    return ask();
  } catch (const std::exception& e) {
    return Error{kInternal, e.what()};
  }
}

}  // namespace

RevisionFollower::RevisionFollower(store::Revision revision, DatabaseHealth& health,
                                   std::vector<Reader> readers, OnLook on_look,
                                   FollowerPulse& pulse)
    : revision_(std::move(revision)),
      health_(health),
      on_look_(std::move(on_look)),
      pulse_(pulse) {
  for (Reader& reader : readers) followers_.push_back({std::move(reader), std::nullopt});
}

RevisionFollower::~RevisionFollower() { stop(); }

Result<void> RevisionFollower::load_now() {
  const auto revisions = revision_.current();
  const auto done = revisions ? look_at(*revisions) : Result<void>(revisions.error());
  pulse_.looked();
  pulse_.rest("read once");
  return done;
}

void RevisionFollower::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "db-follower");
}

void RevisionFollower::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void RevisionFollower::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void RevisionFollower::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    pulse_.begin("waiting", kWait);
    wake_.wait_for(lock, kLookEvery, [this] { return woken_ || stopping_; });
    if (stopping_) break;
    woken_ = false;
    lock.unlock();
    look();
    lock.lock();
  }
  pulse_.rest("stopped");
}

void RevisionFollower::look() {
  pulse_.begin("revisions", kOwnWork, 1);
  const auto revisions = safely([this] { return revision_.current(); });
  const auto done = revisions ? look_at(*revisions) : Result<void>(revisions.error());
  pulse_.looked();
  pulse_.begin("after the look", kAfterLook, kCallsAfterLook);
  health_.note(DatabaseHealth::Asker::revisions, done);
  tell_look(done ? std::optional(*revisions) : std::nullopt);
}

void RevisionFollower::tell_look(const std::optional<store::Revisions>& revisions) {
  if (!on_look_) return;
  try {
    on_look_(revisions);
  } catch (const std::exception& e) {
    log::error("media.look_failed", {{"reason", e.what()}});
  }
}

Result<void> RevisionFollower::look_at(const store::Revisions& revisions) {
  Result<void> done;
  for (auto& [reader, seen] : followers_) {
    const std::int64_t now = revisions.*reader.counter;
    if (seen == now) continue;
    pulse_.begin(reader.name, kOwnWork, reader.calls);
    const auto read = safely(reader.read);
    if (read) {
      seen = now;
    } else if (done) {
      done = read;
    }
  }
  return done;
}

}  // namespace surveillx::mediaserver
