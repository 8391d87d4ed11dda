#pragma once

#include "surveillx/stream/end_reason.hpp"

#include <chrono>
#include <string>

namespace surveillx::stream {

/// A way in for a camera's pictures: a WebRTC peer that sends, a stream that we pull, a file. It feeds
/// one CameraStream, which it holds, and which is all that others see of it; it is told what the stream
/// needs. Implementations are thread-safe and return soon: what may hang is theirs to put elsewhere.
class CameraSource {
 public:
  virtual ~CameraSource() = default;

  /// Whether frames are decoded. Sources begin decoding; told to begin again, they ask for a keyframe
  /// and go on there. Encoded frames arrive either way.
  virtual void set_decoding(bool wanted) = 0;
  /// Asks the camera for a keyframe, as far as it can be asked; not more often than each 500 ms.
  virtual void request_keyframe() = 0;
  /// Ends it as if it had ended by itself: the reason comes out of the stream.
  virtual void give_up(EndReason reason, const std::string& detail) = 0;
  /// About once a second, with how long there has been no frame: time for statistics, and to ask for
  /// the keyframe that was lost. On the timer's thread.
  virtual void tend(std::chrono::milliseconds quiet) = 0;
  /// Ends it for good, without a reason: nothing is fed to the stream when this has returned.
  virtual void close() = 0;
};

}  // namespace surveillx::stream
