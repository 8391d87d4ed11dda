#pragma once

#include <memory>
#include <optional>

#include "frame_encoder.hpp"
#include "frame_sink.hpp"
#include "recognition_service.hpp"

namespace surveillx::mediaserver {

/// What the pictures go to of the session that a camera shows: JPEGs for whoever watches, and
/// recognition. Of one session each, since its tracks are. Loop thread only.
struct CameraOutputs {
  struct Parts {
    WorkerPool& encode_pool;
    telemetry::Metrics& metrics;
    RecognitionService* recognition;  ///< Null: recognition is switched off.
    int jpeg_quality;
  };

  /// Nothing when there is no thread for recognition. No picture comes before `show`. `publish` is
  /// called on a pool thread.
  [[nodiscard]] static std::optional<CameraOutputs> open(const Parts& parts,
                                                         const domain::Camera& camera,
                                                         FrameEncoder::Output publish);
  /// The session's pictures go here from now on.
  void show(FrameSink& sink) const { sink.show(encoder, feed); }
  /// Ends both, and forgets them. Repeatable.
  void close();

  std::shared_ptr<FrameEncoder> encoder;
  std::shared_ptr<RecognitionService::CameraFeed> feed;  ///< Null without recognition.
};

}  // namespace surveillx::mediaserver
