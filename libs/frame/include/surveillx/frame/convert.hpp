#pragma once

#include <cstdint>

#include "surveillx/frame/picture.hpp"

/// Scaling and colour conversion (libyuv). BT.601 limited range unless said otherwise.
namespace surveillx::frame {

/// `size` shrunk to at most `max_width` with the same shape; even numbers, at least 2x2. Never grows.
[[nodiscard]] Size fit_width(Size size, int max_width);
/// Box-filtered. Returns the picture itself when it already has that size.
[[nodiscard]] PicturePtr scale(const PicturePtr& picture, Size size);
/// Writes `size().height` rows of BGR, 3 bytes a pixel, `stride` bytes a row.
void to_bgr(const Picture& picture, std::uint8_t* bgr, int stride);
[[nodiscard]] PicturePtr from_bgr(const std::uint8_t* bgr, int stride, Size size);

}  // namespace surveillx::frame
