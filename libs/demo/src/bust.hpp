#pragma once

#include "face_map.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace surveillx::demo {

/// A drawn picture with coverage. Each row keeps only the pixels between its first and last visible
/// one: 4 bytes a pixel, B, G, R premultiplied by A.
struct Sprite {
  struct Row {
    int left = 0;
    int width = 0;
    std::size_t offset = 0;  ///< Into `pixels`.
  };
  int width = 0;
  std::vector<Row> rows;
  std::vector<std::uint8_t> pixels;

  [[nodiscard]] int height() const { return static_cast<int>(rows.size()); }
};

/// The part of the plane a bust covers, in half head heights from the middle of the head. Below it
/// the torso goes on as in the last row.
struct BustFrame {
  static constexpr float kLeft = -1.80F;
  static constexpr float kRight = 1.80F;
  static constexpr float kTop = -1.55F;
  static constexpr float kBottom = 2.30F;
};

/// Head, neck and shoulders. `unit` is half the head's height in pixels; the middle of the head is
/// at (-kLeft, -kTop) * unit.
[[nodiscard]] Sprite draw_bust(const Person& person, const FaceMap& face, const Pose& pose,
                               const Light& light, float unit);

/// Lays the sprite over BGR with its top left corner at (x, y), clipped; below its last row that
/// row is repeated to the bottom of the picture.
void blend(const Sprite& sprite, int x, int y, std::uint8_t* bgr, int stride, frame::Size size);

}  // namespace surveillx::demo
