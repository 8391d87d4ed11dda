#pragma once

#include "surveillx/base/log.hpp"
#include "surveillx/domain/ids.hpp"

namespace surveillx::webrtc {

/// Whose session it is, for the log.
struct SessionName {
  CameraId camera;
  MediaSessionId session;
  [[nodiscard]] log::Field camera_field() const { return {"camera", camera.str()}; }
  [[nodiscard]] log::Field session_field() const { return {"session", session.str()}; }
};

}  // namespace surveillx::webrtc
