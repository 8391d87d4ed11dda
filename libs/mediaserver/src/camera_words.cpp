#include "camera_words.hpp"

namespace surveillx::mediaserver {

std::string offline_reason(stream::EndReason reason) {
  switch (reason) {
    case stream::EndReason::closed: return "the camera has ended its stream";
    case stream::EndReason::ice_failed: return "the connection to the camera was lost";
    case stream::EndReason::dtls_failed: return "the encrypted connection could not be set up";
    case stream::EndReason::no_frames: return "the camera sends no pictures";
    case stream::EndReason::pipeline_error: return "the camera's stream cannot be decoded";
    case stream::EndReason::bad_sdp: return "the camera's offer cannot be used";
    case stream::EndReason::no_media_port: return "no free media port (ice.min_port..max_port)";
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

}  // namespace surveillx::mediaserver
