#pragma once

#include "surveillx/frame/picture.hpp"

#include <cstdint>
#include <vector>

namespace surveillx::recognition {

/// Says whether a picture differs from the last one it was asked about, from the brightness of a
/// coarse grid. Costs some microseconds: it samples about one pixel in a hundred. One thread.
class MotionGate {
 public:
  /// True for the first picture and after a change of size.
  [[nodiscard]] bool moved(const frame::Picture& picture);
  void reset() { last_.clear(); }

 private:
  frame::Size size_;
  std::vector<std::uint16_t> last_;
  std::vector<std::uint16_t> now_;
};

}  // namespace surveillx::recognition
