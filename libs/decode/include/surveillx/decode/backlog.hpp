#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace surveillx::decode {

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

}  // namespace surveillx::decode
