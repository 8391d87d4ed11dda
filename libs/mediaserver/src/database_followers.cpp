#include "database_followers.hpp"

#include <utility>

namespace surveillx::mediaserver {

DatabaseFollowers::DatabaseFollowers(store::Store& store, RecognitionService* recognition,
                                     telemetry::Metrics& metrics, Events events,
                                     const Clock& clock)
    : store_(store),
      on_cameras_(std::move(events.on_cameras)),
      health_(metrics),
      revisions_pulse_([&store] { return store.database().longest_call(); }, clock),
      photos_pulse_({}, clock),
      watch_(revisions_pulse_, recognition == nullptr ? nullptr : &photos_pulse_, metrics) {
  // There without recognition, too: whoever collects them finds nought instead of nothing.
  const auto people = metrics.gauge("gallery_people", "People who can be recognised");
  const auto decided = metrics.counter("photos_decided_total", "Uploaded photos examined");
  std::vector<RevisionFollower::Reader> readers;
  readers.push_back({"cameras", &store::Revisions::cameras, 2, [this] { return read_cameras(); }});
  if (recognition != nullptr) {
    auto& engine = recognition->engine();
    const auto keeper = std::make_shared<enrolment::GalleryKeeper>(store, engine.matching());
    gallery_ = std::make_unique<GalleryFollower>(keeper, *recognition, people);
    photos_ = std::make_unique<PhotoExaminer>(store, engine, keeper, health_, photos_pulse_, decided,
                                              [this] { revisions_->wake(); });
    readers.push_back({"gallery", &store::Revisions::gallery, 3, [this] { return read_gallery(); }});
  }
  revisions_ = std::make_unique<RevisionFollower>(store.revision, health_, std::move(readers),
                                                  std::move(events.on_look), revisions_pulse_);
}

DatabaseFollowers::~DatabaseFollowers() {
  stop();
  join();
}

Result<void> DatabaseFollowers::load_now() {
  if (photos_) {
    if (auto done = photos_->requeue(); !done) return done;
  }
  return revisions_->load_now();
}

void DatabaseFollowers::start() {
  revisions_->start();
  if (photos_) photos_->start();
}

void DatabaseFollowers::stop() {
  if (photos_) photos_->stop_soon();
  revisions_->stop();
}

void DatabaseFollowers::join() {
  if (photos_) photos_->stop();
}

Result<void> DatabaseFollowers::read_cameras() {
  CamerasNews news;
  news.read_at = system_clock().steady();
  auto cameras = store_.cameras.list();
  if (!cameras) return cameras.error();
  auto hashes = store_.cameras.token_hashes();
  if (!hashes) return hashes.error();
  news.cameras = std::move(*cameras);
  news.token_hashes = std::move(*hashes);
  on_cameras_(std::move(news));
  return {};
}

Result<void> DatabaseFollowers::read_gallery() {
  // An upload moves the same counter.
  photos_->wake();
  return gallery_->reload();
}

}  // namespace surveillx::mediaserver
