#include "follower_watch.hpp"

#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {
namespace {

double in_seconds(std::chrono::milliseconds value) {
  return static_cast<double>(value.count()) / 1e3;
}

}  // namespace

FollowerWatch::FollowerWatch(const FollowerPulse& revisions, const FollowerPulse* photos,
                             telemetry::Metrics& metrics)
    : revisions_(revisions),
      photos_(photos),
      since_look_(metrics.gauge(
          "database_follower_seconds_since_look",
          "Since the thread that follows the database last asked for all of it, in vain or not")),
      since_photo_(metrics.gauge(
          "photo_examiner_seconds_since_look",
          "Since the thread that examines photos last asked for one: how long the one under way "
          "takes")) {}

bool FollowerWatch::look() {
  const auto follower = revisions_.state();
  since_look_.set(in_seconds(follower.since_look));
  if (std::exchange(hangs_, follower.overdue) != follower.overdue) {
    if (follower.overdue) {
      log::error("media.database_follower_hangs", {{"in", follower.step},
                                                   {"seconds", in_seconds(follower.in_step)}});
    } else {
      log::info("media.database_follower_goes_on");
    }
  }
  if (photos_ != nullptr) look_at_photos();
  return !follower.overdue;
}

void FollowerWatch::look_at_photos() {
  const auto since_look = photos_->state().since_look;
  since_photo_.set(in_seconds(since_look));
  const bool long_photo = since_look > kLongPhoto;
  if (long_photo && !photo_takes_long_) {
    log::warn("media.photo_takes_long", {{"seconds", in_seconds(since_look)}});
  }
  photo_takes_long_ = long_photo;
}

}  // namespace surveillx::mediaserver
