#include "gallery_follower.hpp"

#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {

GalleryFollower::GalleryFollower(std::shared_ptr<enrolment::GalleryKeeper> keeper,
                                 RecognitionService& recognition, telemetry::Gauge people)
    : keeper_(std::move(keeper)), recognition_(recognition), people_(people) {}

Result<void> GalleryFollower::reload() {
  const auto kept = keeper_->refresh();
  if (!kept) return kept.error();
  const auto& gallery = kept->gallery;
  if (gallery == told_) return {};
  log::info("media.gallery_loaded", {{"people", gallery->people()},
                                     {"vectors", gallery->vectors()},
                                     {"skipped", gallery->skipped()}});
  people_.set(static_cast<double>(gallery->people()));
  recognition_.set_gallery(gallery);
  told_ = gallery;
  return {};
}

}  // namespace surveillx::mediaserver
