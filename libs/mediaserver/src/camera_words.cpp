#include "camera_words.hpp"

namespace surveillx::mediaserver {

std::string offline_reason(webrtc::EndReason reason) {
  switch (reason) {
    case webrtc::EndReason::closed: return "the camera has ended its stream";
    case webrtc::EndReason::ice_failed: return "the connection to the camera was lost";
    case webrtc::EndReason::dtls_failed: return "the encrypted connection could not be set up";
    case webrtc::EndReason::no_frames: return "the camera sends no pictures";
    case webrtc::EndReason::pipeline_error: return "the camera's stream cannot be decoded";
    case webrtc::EndReason::bad_sdp: return "the camera's offer cannot be used";
    case webrtc::EndReason::no_media_port: return "no free media port (ice.min_port..max_port)";
  }
  return "the session has ended";
}

std::string offline_reason(std::string_view why) {
  if (why == "bye") return "the camera has ended its stream";
  if (why == "revoked") return "the camera's token is no longer valid";
  return "the session has ended";
}

std::string state_reason(domain::CameraState state) {
  switch (state) {
    case domain::CameraState::live:
    case domain::CameraState::connecting: return "";
    case domain::CameraState::stale: return "no picture for 2 seconds";
    case domain::CameraState::offline: return "no picture for 5 seconds";
  }
  return "";
}

std::string wire_codec(webrtc::Codec codec) {
  switch (codec) {
    case webrtc::Codec::vp8: return "VP8";
    case webrtc::Codec::h264: return "H264";
    case webrtc::Codec::none: return "";
  }
  return "";
}

}  // namespace surveillx::mediaserver
