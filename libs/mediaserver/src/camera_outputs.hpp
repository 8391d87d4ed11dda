#pragma once

#include <memory>
#include <optional>

#include "frame_encoder.hpp"
#include "recognition_service.hpp"
#include "surveillx/stream/camera_stream.hpp"

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
  /// The stream's pictures go here from now on, those that are wanted.
  void show(stream::CameraStream& stream);
  /// What whoever watches wants. Without recognition it decides whether anything is decoded.
  void set_demand(live::CameraDemand demand);
  /// Ends both, and forgets them. Repeatable.
  void close();

 private:
  std::shared_ptr<FrameEncoder> encoder_;
  std::shared_ptr<RecognitionService::CameraFeed> feed_;  ///< Null without recognition.
  bool watched_ = false;
  stream::CameraStream::Tap encoder_tap_;
  stream::CameraStream::Tap feed_tap_;
};

}  // namespace surveillx::mediaserver
