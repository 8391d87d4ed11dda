#include "camera_outputs.hpp"

#include <system_error>
#include <utility>

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {

std::optional<CameraOutputs> CameraOutputs::open(const Parts& parts, const domain::Camera& camera,
                                                 FrameEncoder::Output publish) {
  CameraOutputs outputs;
  try {
    if (parts.recognition != nullptr) outputs.feed = parts.recognition->open(camera);
  } catch (const std::system_error& e) {
    log::error("media.no_thread", {{"camera", camera.id.str()}, {"error", e.what()}});
    return std::nullopt;
  }
  outputs.encoder = std::make_shared<FrameEncoder>(camera, parts.jpeg_quality, parts.encode_pool,
                                                   parts.metrics, std::move(publish));
  return outputs;
}

void CameraOutputs::close() {
  if (encoder) encoder->close();
  if (feed) feed->close();
  *this = {};
}

}  // namespace surveillx::mediaserver
