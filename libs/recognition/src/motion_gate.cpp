#include "motion_gate.hpp"

#include <algorithm>
#include <cstdlib>

namespace surveillx::recognition {
namespace {

constexpr int kColumns = 48;
constexpr int kRows = 27;
constexpr int kSamples = 6;  ///< A side, in each cell.
/// Grey levels by which a cell's mean must change: above a codec's shimmer, below a face.
constexpr int kChange = 5;
constexpr int kMinCells = 2;

}  // namespace

bool MotionGate::moved(const frame::Picture& picture) {
  const frame::Size size = picture.size();
  if (size.width < kColumns * kSamples || size.height < kRows * kSamples) return true;
  now_.assign(kColumns * kRows, 0);
  const frame::Picture::Plane& luma = picture.y();
  for (int row = 0; row < kRows * kSamples; ++row) {
    const int y = row * size.height / (kRows * kSamples);
    const std::uint8_t* line = luma.data + static_cast<std::ptrdiff_t>(y) * luma.stride;
    for (int column = 0; column < kColumns * kSamples; ++column) {
      const int x = column * size.width / (kColumns * kSamples);
      std::uint16_t& cell =
          now_[static_cast<std::size_t>(row / kSamples * kColumns + column / kSamples)];
      cell = static_cast<std::uint16_t>(cell + line[x]);
    }
  }
  bool moved = size != size_ || last_.empty();
  if (!moved) {
    int cells = 0;
    for (std::size_t i = 0; i < now_.size(); ++i) {
      cells += std::abs(now_[i] - last_[i]) > kChange * kSamples * kSamples ? 1 : 0;
    }
    moved = cells >= kMinCells;
  }
  size_ = size;
  // Compared with the last picture that moved, so that a slow change adds up until it counts.
  if (moved) last_.swap(now_);
  return moved;
}

}  // namespace surveillx::recognition
