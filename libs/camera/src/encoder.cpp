#include "surveillx/gst/element.hpp"

#include "sender.hpp"

#include <algorithm>
#include <cmath>

namespace surveillx::camera {

int default_bitrate_kbps(frame::Size size) {
  const double pixels = static_cast<double>(size.width) * size.height;
  const double kbps = 2500 * std::pow(pixels / (1280.0 * 720.0), 0.75);
  return static_cast<int>(std::clamp(kbps, 300.0, 8000.0));
}

Result<std::string> encoder_pipeline(Codec codec, int bitrate_kbps, int fps) {
  const std::string keyframes = std::to_string(std::max(30, fps * 4));
  if (codec == Codec::vp8) {
    if (const auto ready = gst::require({"vp8enc", "rtpvp8pay"}); !ready) return ready.error();
    // Realtime: no frame waits for another, a small rate buffer, and resilience against losses
    // (probabilities that do not depend on lost frames). One thread: libvpx's threads spin while
    // they wait for each other; on a busy machine with two cores two of them took three times the
    // CPU for a quarter of the pictures.
    return "vp8enc name=encoder deadline=1 cpu-used=8 lag-in-frames=0 end-usage=cbr"
           " error-resilient=default threads=1 static-threshold=1"
           " min-quantizer=4 max-quantizer=56"
           " buffer-initial-size=300 buffer-optimal-size=400 buffer-size=600"
           " keyframe-max-dist=" +
           keyframes + " target-bitrate=" + std::to_string(bitrate_kbps * 1000) +
           " ! rtpvp8pay picture-id-mode=15-bit mtu=1200 !"
           " application/x-rtp,media=video,encoding-name=VP8,payload=96";
  }
  if (const auto ready = gst::require({"rtph264pay"}); !ready) return ready.error();
  std::string encoder;
  if (gst::has_factory("x264enc")) {
    encoder = "x264enc name=encoder tune=zerolatency speed-preset=veryfast bframes=0 key-int-max=" +
              keyframes + " bitrate=" + std::to_string(bitrate_kbps);
  } else {
    if (const auto ready = gst::require({"openh264enc"}); !ready) return ready.error();
    encoder =
        "openh264enc name=encoder usage-type=camera complexity=low rate-control=bitrate"
        " gop-size=" +
        keyframes + " bitrate=" + std::to_string(bitrate_kbps * 1000);
  }
  return encoder +
         " ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1"
         " aggregate-mode=zero-latency mtu=1200 !"
         " application/x-rtp,media=video,encoding-name=H264,payload=97";
}

}  // namespace surveillx::camera
