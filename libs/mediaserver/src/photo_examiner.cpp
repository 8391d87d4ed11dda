#include "photo_examiner.hpp"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

/// Without being woken: a claim that another process has let run out moves no revision.
constexpr std::chrono::milliseconds kAskEvery{500};

}  // namespace

PhotoExaminer::PhotoExaminer(store::Store& store, vision::Engine& engine,
                             std::shared_ptr<enrolment::GalleryKeeper> keeper,
                             DatabaseHealth& health, FollowerPulse& pulse,
                             telemetry::Counter decided, std::function<void()> on_decided)
    : store_(store),
      engine_(engine),
      enroller_(store, std::move(keeper)),
      health_(health),
      pulse_(pulse),
      decided_(decided),
      on_decided_(std::move(on_decided)),
      worker_("media-" + std::to_string(getpid()) + "-" + new_uuid().substr(0, 8)) {}

PhotoExaminer::~PhotoExaminer() { stop(); }

Result<void> PhotoExaminer::requeue() {
  const auto requeued = store_.photos.requeue_for_model(engine_.info().model);
  if (!requeued) return requeued.error();
  if (*requeued > 0) log::info("media.photos_requeued", {{"count", *requeued}});
  return {};
}

void PhotoExaminer::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "photos");
}

void PhotoExaminer::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void PhotoExaminer::stop_soon() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

void PhotoExaminer::stop() {
  stop_soon();
  if (thread_.joinable()) thread_.join();
}

void PhotoExaminer::run() {
  bool news = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    lock.unlock();
    pulse_.looked();
    const auto decided = decide_safely();
    health_.note(DatabaseHealth::Asker::photos,
                 decided ? Result<void>() : Result<void>(decided.error()));
    const bool one = decided && *decided;
    if (one) {
      news = true;
    } else if (std::exchange(news, false)) {
      on_decided_();
    }
    lock.lock();
    if (!one) wake_.wait_for(lock, kAskEvery, [this] { return woken_ || stopping_; });
  }
}

Result<bool> PhotoExaminer::decide_safely() {
  // What throws (memory, a driver) is an error like others: the thread has to go on.
  try {
    return decide_one();
  } catch (const std::exception& e) {
    return Error{kInternal, e.what()};
  }
}

Result<bool> PhotoExaminer::decide_one() {
  auto claimed = store_.photos.claim_next(worker_);
  if (!claimed) return claimed.error();
  if (!claimed->has_value()) return false;
  const store::ClaimedPhoto& photo = **claimed;
  const auto verdict = enroller_.decide(photo, worker_, examine(photo.bytes));
  decided_.add();
  if (!verdict) {
    if (verdict.error().is(store::kLeaseLost)) return true;
    return verdict.error();
  }
  log::info("media.photo_decided",
            {{"photo", photo.photo.id.str()},
             {"verdict", verdict->accepted ? std::string_view("accepted") : verdict->reason}});
  return true;
}

Result<vision::Enrolment> PhotoExaminer::examine(ByteView photo) {
  // A picture that an image library cannot bear is refused: thrown further it would end the
  // process, and the next one, which claims it again, as well.
  try {
    return vision::examine_photo(engine_, photo);
  } catch (const std::exception& e) {
    log::error("media.photo_failed", {{"error", e.what()}});
    return Error{vision::kNotAnImage, "the photo could not be examined"};
  }
}

}  // namespace surveillx::mediaserver
