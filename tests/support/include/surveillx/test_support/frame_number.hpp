#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

/// A frame's number, drawn into the picture as a row of black and white blocks at the top left: a
/// white and a black reference, 16 bits from the highest down, and a bit that makes the count of
/// ones even. A block is a 20th of the width and of the height, which survives any compression.
/// The tests of the receiving session and bench/latency use it; aiortc_receiver.py reads the same.
namespace surveillx::test_support {

inline constexpr int kGrid = 20;
inline constexpr int kBlocks = 19;

inline bool block_is_white(std::uint16_t number, int block) {
  if (block == 0) return true;
  if (block == 1) return false;
  if (block < 18) return ((number >> (17 - block)) & 1) != 0;
  return (std::popcount(number) & 1) != 0;
}

/// Into contiguous I420 planes with the given strides.
inline void draw_number(std::uint16_t number, int width, int height, std::uint8_t* y, int y_stride,
                        std::uint8_t* u, std::uint8_t* v, int uv_stride) {
  const int block_width = width / kGrid;
  const int block_height = height / kGrid;
  for (int block = 0; block < kBlocks; ++block) {
    const int luma = block_is_white(number, block) ? 235 : 16;
    for (int row = 0; row < block_height; ++row) {
      std::memset(y + row * y_stride + block * block_width, luma,
                  static_cast<std::size_t>(block_width));
    }
  }
  for (int row = 0; row < (block_height + 1) / 2; ++row) {
    const auto bytes = static_cast<std::size_t>(kBlocks * block_width / 2 + 1);
    std::memset(u + row * uv_stride, 128, bytes);
    std::memset(v + row * uv_stride, 128, bytes);
  }
}

/// From one byte of brightness a pixel, `step` bytes apart: the luma plane of I420 with 1, the green
/// of BGR with 3. Nothing when the references or the parity do not fit.
inline std::optional<std::uint16_t> read_number(const std::uint8_t* light, int step, int stride,
                                                int width, int height) {
  const int block_width = width / kGrid;
  const int row = height / kGrid / 2;
  const auto white = [&](int block) {
    int sum = 0;
    for (int dx = -2; dx < 2; ++dx) {
      sum += light[row * stride + (block * block_width + block_width / 2 + dx) * step];
    }
    return sum > 4 * 128;
  };
  if (!white(0) || white(1)) return std::nullopt;
  std::uint16_t number = 0;
  for (int block = 2; block < 18; ++block) {
    number = static_cast<std::uint16_t>((number << 1) | (white(block) ? 1 : 0));
  }
  if (white(18) != ((std::popcount(number) & 1) != 0)) return std::nullopt;
  return number;
}

}  // namespace surveillx::test_support
