#pragma once

#include "surveillx/domain/types.hpp"
#include "surveillx/frame/picture.hpp"

#include <algorithm>

namespace surveillx::vision {

/// Pixels from the top left corner.
struct Point {
  float x = 0;
  float y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

/// Left, top, width and height in pixels. May reach outside its image.
struct PixelBox {
  float x = 0;
  float y = 0;
  float w = 0;
  float h = 0;
  [[nodiscard]] Point centre() const { return {x + w / 2, y + h / 2}; }
  [[nodiscard]] float area() const { return w * h; }
  friend bool operator==(const PixelBox&, const PixelBox&) = default;
};

/// Intersection over union, 0 to 1.
[[nodiscard]] inline float overlap(const PixelBox& a, const PixelBox& b) {
  const float w = std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x);
  const float h = std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y);
  if (w <= 0 || h <= 0) return 0;
  const float both = w * h;
  return both / (a.area() + b.area() - both);
}

/// In 0..1 of the picture, cut at its edges: the form boxes have everywhere outside of vision.
[[nodiscard]] inline domain::Box to_unit_box(const PixelBox& box, frame::Size size) {
  const auto part = [](float value, int whole) {
    return std::clamp(static_cast<double>(value) / std::max(1, whole), 0.0, 1.0);
  };
  const double x = part(box.x, size.width);
  const double y = part(box.y, size.height);
  return {x, y, part(box.x + box.w, size.width) - x, part(box.y + box.h, size.height) - y};
}

}  // namespace surveillx::vision
