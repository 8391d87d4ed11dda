#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace surveillx::webrtc {

/// How many RTP sources (SSRC) one camera may have in a session. Each new one costs a jitter buffer
/// with two threads and an entry in the RTP session, and a video has one, or two with
/// retransmission. Thread-safe.
class SourceLimit {
 public:
  static constexpr std::size_t kLimit = 16;

  /// False for a source that is one too many.
  [[nodiscard]] bool admit(std::uint32_t source) {
    const std::lock_guard lock(mutex_);
    if (!sources_.empty() && sources_.back() == source) return true;
    const auto known = std::find(sources_.begin(), sources_.end(), source);
    if (known == sources_.end()) {
      if (sources_.size() == kLimit) return false;
      sources_.push_back(source);
      return true;
    }
    std::iter_swap(known, sources_.end() - 1);  // The next packet is from the same, most likely.
    return true;
  }

 private:
  std::mutex mutex_;
  std::vector<std::uint32_t> sources_;
};

}  // namespace surveillx::webrtc
