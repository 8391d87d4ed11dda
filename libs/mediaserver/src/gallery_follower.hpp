#pragma once

#include <memory>

#include "recognition_service.hpp"
#include "surveillx/enrolment/gallery_keeper.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// Brings the recognisers the gallery when something in it has changed; what has not (a photo was
/// refused) does not make them judge the faces in view again. One thread at a time.
class GalleryFollower {
 public:
  /// `people`: how many can be recognised.
  GalleryFollower(std::shared_ptr<enrolment::GalleryKeeper> keeper, RecognitionService& recognition,
                  telemetry::Gauge people);

  [[nodiscard]] Result<void> reload();

 private:
  std::shared_ptr<enrolment::GalleryKeeper> keeper_;
  RecognitionService& recognition_;
  telemetry::Gauge people_;
  std::shared_ptr<const vision::Gallery> told_;
};

}  // namespace surveillx::mediaserver
