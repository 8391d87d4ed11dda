#pragma once

#include "surveillx/base/clock.hpp"
#include "surveillx/stream/codec.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

namespace surveillx::stream {

/// One encoded frame as the camera sent it: a VP8 frame (RFC 6386), or an H.264 access unit in Annex B
/// with the parameter sets before each IDR. The bytes live as long as `owner`; copying copies none.
struct EncodedFrame {
  Codec codec = Codec::none;
  bool keyframe = false;
  std::span<const std::uint8_t> bytes;
  std::shared_ptr<const void> owner;
  /// Presentation time on the source's own clock: differences count. Never falls; frames that were taken
  /// in at once may share one.
  std::chrono::nanoseconds pts{0};
  SteadyTime received_at{};  ///< When its last packet reached us.
};

}  // namespace surveillx::stream
