#pragma once

#include <cstdint>

/// Video carries BT.601 "limited" numbers (black 16, white 235), JFIF files "full" ones (0 to 255).
/// Copying the planes over without this would show every camera with grey blacks and dull whites.
namespace surveillx::frame {

struct Rows {
  const std::uint8_t* from;
  int from_stride;
  std::uint8_t* to;
  int to_stride;
  int width;
  int height;
};

void luma_to_full(const Rows& rows);
void chroma_to_full(const Rows& rows);
/// In place.
void luma_to_limited(std::uint8_t* data, int stride, int width, int height);
void chroma_to_limited(std::uint8_t* data, int stride, int width, int height);

}  // namespace surveillx::frame
