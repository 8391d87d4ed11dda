#pragma once

#include <cstdint>
#include <map>

namespace surveillx::webapp {

/// Which widths of a camera's pictures come at present: media sends a picture once for each
/// demanded width, with the same `seq`, the smaller first.
class WidthsSeen {
 public:
  /// Notes a picture. False: it is a second copy of one that came already, as of a small camera
  /// whose picture fits two demanded widths.
  bool take(std::int64_t seq, int width) {
    if (seq != last_seq_) {
      last_seq_ = seq;
      ++pictures_;
    } else if (const auto seen = seen_at_.find(width);
               seen != seen_at_.end() && seen->second == pictures_) {
      return false;
    }
    seen_at_[width] = pictures_;
    return true;
  }

  /// Whether a stream wider than `width` and at most `most` came with one of the last two pictures.
  [[nodiscard]] bool has_wider(int width, int most) const {
    for (const auto& [other, at] : seen_at_) {
      if (other > width && other <= most && pictures_ - at <= 2) return true;
    }
    return false;
  }

  /// Another session begins, or another node's.
  void reset() {
    last_seq_ = 0;
    seen_at_.clear();
  }

 private:
  std::int64_t last_seq_ = 0;
  std::uint64_t pictures_ = 0;            ///< Different ones.
  std::map<int, std::uint64_t> seen_at_;  ///< The count at which each width came last.
};

}  // namespace surveillx::webapp
