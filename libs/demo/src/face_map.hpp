#pragma once

#include "shading.hpp"

#include <vector>

namespace surveillx::demo {

/// What one face looks like straight from the front, without light: colour, and how much the skin
/// leans against the smooth head there. Worked out once, then laid over the head in any pose.
/// Coordinates: x to the picture's right, y down, the unit is half the head's height.
class FaceMap {
 public:
  struct Texel {
    Color color;
    float lean_x = 0;
    float lean_y = 0;
    float gloss = 0;  ///< How much the place shines: skin and eyes do, hair and beard do not.
  };

  /// `resolution` texels a unit.
  FaceMap(const Person& person, float smile, int resolution);
  /// Interpolated.
  [[nodiscard]] Texel at(float x, float y) const;

 private:
  static constexpr float kReach = 1.1F;
  static constexpr float kLeanScale = 8192;  ///< Leans stay below 4.

  /// A texel in eight bytes, since a scene keeps two maps of each person.
  struct Packed {
    std::uint8_t r = 0;
    std::uint8_t g = 0;
    std::uint8_t b = 0;
    std::uint8_t gloss = 0;
    std::int16_t lean_x = 0;
    std::int16_t lean_y = 0;
  };
  [[nodiscard]] static Packed pack(const Texel& t);
  [[nodiscard]] static Texel unpack(const Packed& p);
  [[nodiscard]] const Packed& texel(int x, int y) const {
    return texels_[static_cast<std::size_t>(y) * static_cast<std::size_t>(side_) +
                   static_cast<std::size_t>(x)];
  }

  int resolution_;
  int side_;
  std::vector<Packed> texels_;
};

/// Where the hair of the head begins at this distance from the middle of the face.
[[nodiscard]] float hairline_at(const Person& person, float x);
/// Hair's colour with its strands.
[[nodiscard]] Color hair_at(const Person& person, float x, float y);

}  // namespace surveillx::demo
