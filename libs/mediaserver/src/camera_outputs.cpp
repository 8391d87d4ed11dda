#include "camera_outputs.hpp"

#include <system_error>
#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {

std::optional<CameraOutputs> CameraOutputs::open(const Parts& parts, const domain::Camera& camera,
                                                 FrameEncoder::Output publish) {
  CameraOutputs outputs;
  try {
    if (parts.recognition != nullptr) outputs.feed_ = parts.recognition->open(camera);
  } catch (const std::system_error& e) {
    log::error("media.no_thread", {{"camera", camera.id.str()}, {"error", e.what()}});
    return std::nullopt;
  }
  outputs.encoder_ = std::make_shared<FrameEncoder>(camera, parts.jpeg_quality, parts.encode_pool,
                                                   parts.metrics, std::move(publish));
  return outputs;
}

void CameraOutputs::show(stream::CameraStream& stream) {
  // Recognition first: the picture that decided a takeover waits for the first tap, and a next one may
  // come before the second.
  if (feed_) {
    feed_tap_ =
        stream.tap_decoded([feed = feed_](const frame::Frame& frame) { feed->push(frame); });
  }
  encoder_tap_ = stream.tap_decoded(
      [encoder = encoder_](const frame::Frame& frame) { encoder->push(frame); }, watched_);
}

void CameraOutputs::set_demand(live::CameraDemand demand) {
  if (!encoder_) return;
  watched_ = demand.wanted();
  // The encoder knows first what it is for, and is told last that it is for nothing.
  encoder_->set_demand(std::move(demand));
  encoder_tap_.want(watched_);
}

void CameraOutputs::close() {
  encoder_tap_ = {};
  feed_tap_ = {};
  if (encoder_) encoder_->close();
  if (feed_) feed_->close();
  encoder_.reset();
  feed_.reset();
}

}  // namespace surveillx::mediaserver
