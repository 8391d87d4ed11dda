#pragma once

#include "surveillx/base/clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace surveillx::webrtc {

/// Decides for each encoded frame, in order and before it is decoded, whether it still should be.
/// While our thread is slow packets wait in the jitter buffer. A frame that has waited for longer
/// than the limit is not worth its decoding: the stream jumps to the next keyframe that has waited
/// for less. What lies between is skipped whole, since a decoder that misses a frame paints garbage
/// until the next keyframe. `frame` is called on the streaming thread only, the rest on any.
class CatchUp {
 public:
  explicit CatchUp(std::chrono::milliseconds limit) : limit_(limit) {}

  enum class Verdict {
    decode,
    jumped,  ///< Decode it: the keyframe that ends a jump.
    skip,    ///< And ask the camera for a keyframe.
  };
  [[nodiscard]] Verdict frame(SteadyTime now, SteadyTime arrived, bool keyframe) {
    const bool broken = arrived.time_since_epoch().count() <= broken_until_.load();
    if (now - arrived > limit_ || broken) {
      skipping_ = true;
    } else if (skipping_ && keyframe) {
      skipping_ = false;
      return Verdict::jumped;
    }
    if (!skipping_) return Verdict::decode;
    skipped_.fetch_add(1, std::memory_order_relaxed);
    return Verdict::skip;
  }

  /// Packets that arrived now had to be thrown away: no frame that arrived until now is whole.
  void broken(SteadyTime now) { broken_until_.store(now.time_since_epoch().count()); }

  [[nodiscard]] std::uint64_t skipped() const { return skipped_.load(std::memory_order_relaxed); }

 private:
  const std::chrono::milliseconds limit_;
  bool skipping_ = false;
  std::atomic<SteadyTime::rep> broken_until_{0};
  std::atomic<std::uint64_t> skipped_{0};
};

/// What one jitter buffer holds, counted at its two ends, and the limit to it: by itself it takes
/// 32,000 packets and then blocks the thread that also answers ICE and RTCP. Thread-safe.
class Backlog {
 public:
  /// Ten seconds at 13 Mb/s: when there is no frame for that long the session ends anyway.
  static constexpr std::size_t kLimit = 16 * 1024 * 1024;

  /// False when there is no room for this packet.
  [[nodiscard]] bool admit(std::uint16_t sequence, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes_ + bytes > kLimit) return false;
    bytes_ += bytes;
    // RFC 3550: numbers wrap around.
    const auto ahead = static_cast<std::int16_t>(sequence - newest_.value_or(sequence));
    if (!newest_ || ahead > 0) newest_ = sequence;
    return true;
  }
  void release(std::uint16_t sequence, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    // Repeated and late packets get in and never out; with the newest one out, nothing is left.
    bytes_ = sequence == newest_ ? 0 : bytes_ - std::min(bytes_, bytes);
  }
  [[nodiscard]] std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<std::uint16_t> newest_;
  std::size_t bytes_ = 0;
};

}  // namespace surveillx::webrtc
