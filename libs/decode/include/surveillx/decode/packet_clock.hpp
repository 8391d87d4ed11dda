#pragma once

#include "surveillx/base/clock.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

namespace surveillx::decode {

/// Remembers when the last packet of each recent frame arrived, keyed by RTP timestamp (RFC 3550:
/// all packets of a frame carry the same one), and which RTP timestamp a buffer's PTS came from, so
/// that a decoded picture can be dated. Thread-safe, constant memory.
class PacketClock {
 public:
  /// A packet reached us, a retransmitted one as well: the latest arrival of a frame counts.
  void packet_arrived(std::uint32_t rtp_timestamp, SteadyTime when) {
    const std::lock_guard lock(mutex_);
    // Nearly always the newest entry; a retransmission is a few frames back.
    for (std::size_t back = 0; back < kFrames; ++back) {
      auto& entry = arrivals_[(newest_ + kFrames - back) % kFrames];
      if (entry.when == SteadyTime{}) break;
      if (entry.rtp_timestamp == rtp_timestamp) {
        entry.when = when;
        return;
      }
    }
    newest_ = (newest_ + 1) % kFrames;
    arrivals_[newest_] = {rtp_timestamp, when};
  }

  /// A packet with this PTS leaves the jitter buffer.
  void packet_released(std::uint64_t pts, std::uint32_t rtp_timestamp) {
    const std::lock_guard lock(mutex_);
    auto& last = released_[newest_released_];
    if (last.used && last.pts == pts && last.rtp_timestamp == rtp_timestamp) return;
    newest_released_ = (newest_released_ + 1) % kReleased;
    released_[newest_released_] = {pts, rtp_timestamp, true};
  }

  /// When the last packet of the frame with this PTS arrived; nothing when it is not known. Of a
  /// frame that is older than all whose arrivals are kept: when the oldest of those arrived.
  [[nodiscard]] std::optional<SteadyTime> frame_arrival(std::uint64_t pts) const {
    const std::lock_guard lock(mutex_);
    for (std::size_t back = 0; back < kReleased; ++back) {
      const auto& entry = released_[(newest_released_ + kReleased - back) % kReleased];
      if (!entry.used) break;
      if (entry.pts == pts) return arrival_of(entry.rtp_timestamp);
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kFrames = 512;
  static constexpr std::size_t kReleased = 512;
  struct Arrival {
    std::uint32_t rtp_timestamp = 0;
    SteadyTime when{};
  };
  struct Released {
    std::uint64_t pts = 0;
    std::uint32_t rtp_timestamp = 0;
    bool used = false;
  };

  [[nodiscard]] std::optional<SteadyTime> arrival_of(std::uint32_t rtp_timestamp) const {
    for (std::size_t back = 0; back < kFrames; ++back) {
      const auto& entry = arrivals_[(newest_ + kFrames - back) % kFrames];
      if (entry.when == SteadyTime{}) break;
      if (entry.rtp_timestamp == rtp_timestamp) return entry.when;
    }
    const auto& oldest = arrivals_[(newest_ + 1) % kFrames];
    if (oldest.when == SteadyTime{}) return std::nullopt;
    return oldest.when;
  }

  mutable std::mutex mutex_;
  std::array<Arrival, kFrames> arrivals_{};
  std::array<Released, kReleased> released_{};
  std::size_t newest_ = 0;
  std::size_t newest_released_ = 0;
};

}  // namespace surveillx::decode
