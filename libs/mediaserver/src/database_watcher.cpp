#include "database_watcher.hpp"

#include <unistd.h>

#include <utility>

#include "surveillx/base/log.hpp"
#include "surveillx/vision/enrolment.hpp"

namespace surveillx::mediaserver {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::chrono::milliseconds kPhotosAtOnce{300};

}  // namespace

DatabaseWatcher::DatabaseWatcher(store::Store& store, RecognitionService* recognition,
                                 SightingRecorder& recorder, telemetry::Metrics& metrics,
                                 Events events)
    : store_(store),
      recognition_(recognition),
      recorder_(recorder),
      events_(std::move(events)),
      people_(metrics.gauge("gallery_people", "People who can be recognised")),
      database_up_(metrics.gauge("media_database_up", "1 while the database answers")),
      photos_decided_(metrics.counter("photos_decided_total", "Uploaded photos examined")),
      worker_("media-" + std::to_string(getpid()) + "-" + new_uuid().substr(0, 8)) {
  if (recognition_ == nullptr) return;
  keeper_ = std::make_shared<enrolment::GalleryKeeper>(store_, recognition_->engine().matching());
  enroller_.emplace(store_, keeper_);
}

DatabaseWatcher::~DatabaseWatcher() { stop(); }

Result<void> DatabaseWatcher::load_now() {
  const auto revisions = store_.revision.current();
  if (!revisions) return revisions.error();
  if (recognition_ != nullptr) {
    const auto requeued =
        store_.photos.requeue_for_model(recognition_->engine().info().model);
    if (!requeued) return requeued.error();
    if (*requeued > 0) log::info("media.photos_requeued", {{"count", *requeued}});
  }
  return look_at(*revisions);
}

void DatabaseWatcher::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "db-watcher");
}

void DatabaseWatcher::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void DatabaseWatcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DatabaseWatcher::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, kLookEvery, [this] { return woken_ || stopping_; });
    if (stopping_) return;
    woken_ = false;
    lock.unlock();
    look();
    recorder_.retry();
    lock.lock();
  }
}

void DatabaseWatcher::look() {
  const auto done = look_safely();
  tell_look(done ? seen_ : std::nullopt);
  database_up_.set(done ? 1 : 0);
  if (!done) {
    if (!std::exchange(failing_, true)) {
      log::error("media.database_failed", {{"error", done.error().name.text()},
                                           {"detail", done.error().message}});
    }
  } else if (std::exchange(failing_, false)) {
    log::info("media.database_works_again");
  }
}

void DatabaseWatcher::tell_look(const std::optional<store::Revisions>& revisions) {
  if (!events_.on_look) return;
  try {
    events_.on_look(revisions);
  } catch (const std::exception& e) {
    log::error("media.look_failed", {{"reason", e.what()}});
  }
}

Result<void> DatabaseWatcher::look_safely() {
  try {
    const auto revisions = store_.revision.current();
    return revisions ? look_at(*revisions) : Result<void>(revisions.error());
  } catch (const std::exception& e) {
    return Error{kInternal, e.what()};
  }
}

Result<void> DatabaseWatcher::look_at(const store::Revisions& revisions) {
  // What was read counts as seen only when it was read whole, so that a failure is tried again.
  if (!seen_ || seen_->cameras != revisions.cameras) {
    if (auto loaded = load_cameras(); !loaded) return loaded;
  }
  if (recognition_ != nullptr && (!seen_ || seen_->gallery != revisions.gallery)) {
    if (auto loaded = load_gallery(); !loaded) return loaded;
  }
  seen_ = revisions;
  if (recognition_ == nullptr) return {};
  // Several before the gallery is read again, since that takes long when it is large; not so many
  // that a revoked token would have to wait for them.
  const SteadyTime enough = system_clock().steady() + kPhotosAtOnce;
  for (bool any = false; system_clock().steady() < enough; any = true) {
    const auto decided = decide_photo();
    if (!decided) return decided.error();
    if (!*decided && !any) return {};
    if (!*decided) break;
  }
  wake();  // There may be more, and the gallery has changed.
  return {};
}

Result<void> DatabaseWatcher::load_cameras() {
  CamerasNews news;
  news.read_at = system_clock().steady();
  auto cameras = store_.cameras.list();
  if (!cameras) return cameras.error();
  auto hashes = store_.cameras.token_hashes();
  if (!hashes) return hashes.error();
  news.cameras = std::move(*cameras);
  news.token_hashes = std::move(*hashes);
  events_.on_cameras(std::move(news));
  return {};
}

Result<void> DatabaseWatcher::load_gallery() {
  const auto kept = keeper_->refresh();
  if (!kept) return kept.error();
  if (kept->gallery == gallery_) return {};
  gallery_ = kept->gallery;
  log::info("media.gallery_loaded", {{"people", gallery_->people()},
                                     {"vectors", gallery_->vectors()},
                                     {"skipped", gallery_->skipped()}});
  people_.set(static_cast<double>(gallery_->people()));
  recognition_->set_gallery(gallery_);
  return {};
}

Result<vision::Enrolment> DatabaseWatcher::examine(ByteView photo) {
  // A picture that an image library cannot bear is refused: thrown further it would end the
  // process, and the next one, which claims it again, as well.
  try {
    return vision::examine_photo(recognition_->engine(), photo);
  } catch (const std::exception& e) {
    log::error("media.photo_failed", {{"error", e.what()}});
    return Error{vision::kNotAnImage, "the photo could not be examined"};
  }
}

Result<bool> DatabaseWatcher::decide_photo() {
  auto claimed = store_.photos.claim_next(worker_);
  if (!claimed) return claimed.error();
  if (!claimed->has_value()) return false;
  const store::ClaimedPhoto& photo = **claimed;
  const auto verdict = enroller_->decide(photo, worker_, examine(photo.bytes));
  photos_decided_.add();
  if (!verdict) {
    if (verdict.error().is(store::kLeaseLost)) return true;
    return verdict.error();
  }
  log::info("media.photo_decided",
            {{"photo", photo.photo.id.str()},
             {"verdict", verdict->accepted ? std::string_view("accepted") : verdict->reason}});
  return true;
}

}  // namespace surveillx::mediaserver
