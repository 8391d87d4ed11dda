#pragma once

#include "surveillx/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace surveillx::decode {

/// Decides for each encoded frame, in order and before it is decoded, whether it is decoded.
///
/// While our thread is slow packets wait in the jitter buffer. A frame that has waited for longer
/// than the limit is not worth its decoding: the stream jumps to the next keyframe that has waited
/// for less. What lies between is skipped whole, since a decoder that misses a frame paints garbage
/// until the next keyframe. For the same reason decoding that nobody wanted for a while goes on at a
/// keyframe. `frame` is called on the streaming thread only, the rest on any.
class CatchUp {
 public:
  explicit CatchUp(std::chrono::milliseconds limit) : limit_(limit) {}

  enum class Verdict {
    decode,
    jumped,  ///< Decode it: the keyframe that ends a jump.
    skip,    ///< And ask the camera for a keyframe.
    unwanted,
    await,   ///< Wanted again, but not a keyframe: ask the camera for one.
  };
  [[nodiscard]] Verdict frame(SteadyTime now, SteadyTime arrived, bool keyframe) {
    if (!wanted_.load(std::memory_order_relaxed)) {
      paused_ = true;
      return Verdict::unwanted;
    }
    const bool broken = arrived.time_since_epoch().count() <= broken_until_.load();
    const bool late = now - arrived > limit_ || broken;
    if (paused_) {
      if (late || !keyframe) return Verdict::await;
      paused_ = false;
      skipping_ = false;
      return Verdict::decode;
    }
    if (late) {
      skipping_ = true;
    } else if (skipping_ && keyframe) {
      skipping_ = false;
      return Verdict::jumped;
    }
    if (!skipping_) return Verdict::decode;
    skipped_.fetch_add(1, std::memory_order_relaxed);
    return Verdict::skip;
  }

  /// Whether anybody wants pictures; somebody does at first.
  void want(bool pictures) { wanted_.store(pictures, std::memory_order_relaxed); }
  /// Packets that arrived now had to be thrown away: no frame that arrived until now is whole.
  void broken(SteadyTime now) { broken_until_.store(now.time_since_epoch().count()); }

  [[nodiscard]] std::uint64_t skipped() const { return skipped_.load(std::memory_order_relaxed); }

 private:
  const std::chrono::milliseconds limit_;
  bool paused_ = false;
  bool skipping_ = false;
  std::atomic<bool> wanted_{true};
  std::atomic<SteadyTime::rep> broken_until_{0};
  std::atomic<std::uint64_t> skipped_{0};
};

}  // namespace surveillx::decode
