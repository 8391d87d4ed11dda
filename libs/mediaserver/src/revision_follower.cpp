#include "revision_follower.hpp"

#include <pthread.h>

#include <chrono>
#include <exception>
#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};

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
                                   std::vector<Reader> readers, OnLook on_look)
    : revision_(std::move(revision)), health_(health), on_look_(std::move(on_look)) {
  for (Reader& reader : readers) followers_.push_back({std::move(reader), std::nullopt});
}

RevisionFollower::~RevisionFollower() { stop(); }

Result<void> RevisionFollower::load_now() {
  const auto revisions = revision_.current();
  return revisions ? look_at(*revisions) : Result<void>(revisions.error());
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
    wake_.wait_for(lock, kLookEvery, [this] { return woken_ || stopping_; });
    if (stopping_) return;
    woken_ = false;
    lock.unlock();
    look();
    lock.lock();
  }
}

void RevisionFollower::look() {
  const auto revisions = safely([this] { return revision_.current(); });
  const auto done = revisions ? look_at(*revisions) : Result<void>(revisions.error());
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
