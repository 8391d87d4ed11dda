#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/base/error.hpp"
#include "surveillx/frame/picture.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Made-up people, drawn by arithmetic: for `--demo`, for tests, and for whoever has no camera at
/// hand. Nobody real is depicted. Everything is a pure function of its arguments.
namespace surveillx::demo {

/// sRGB, 0..1.
struct Color {
  float r = 0;
  float g = 0;
  float b = 0;
};

enum class Hair { bald, cropped, fringe, side_parting, curly, bob, long_straight, bun };
enum class Beard { none, stubble, moustache, goatee, full };
enum class Glasses { none, round, square };

/// What a face looks like. Lengths are in half head heights: 1 is from the middle of the head to
/// the chin.
struct Person {
  std::string name;
  Color skin{0.88F, 0.68F, 0.56F};
  Color hair_color{0.25F, 0.16F, 0.10F};
  Color eye_color{0.30F, 0.22F, 0.14F};
  Color lip_color{0.72F, 0.38F, 0.36F};
  Color shirt{0.25F, 0.35F, 0.55F};
  Color glasses_color{0.08F, 0.08F, 0.10F};
  Hair hair = Hair::cropped;
  Beard beard = Beard::none;
  Glasses glasses = Glasses::none;
  float face_width = 0.74F;   ///< 0.66..0.84
  float jaw = 0.25F;          ///< 0.08 (square) .. 0.42 (pointed)
  float hairline = -0.55F;    ///< Height of the forehead; -0.75..-0.35
  float eye_gap = 0.30F;      ///< Middle of the face to an eye; 0.25..0.36
  float eye_width = 0.125F;   ///< Half; 0.10..0.155
  float eye_height = 0.055F;  ///< Half; 0.035..0.075
  float eye_y = -0.02F;       ///< -0.08..0.04
  float eye_slant = 0;        ///< -0.2..0.2; positive lifts the outer corners
  float brow_gap = 0.17F;     ///< Eye to brow; 0.12..0.22
  float brow_thickness = 0.04F;
  float brow_slant = 0;            ///< -0.3..0.3; positive drops the inner ends
  float nose_length = 0.36F;       ///< Eye line to tip; 0.28..0.44
  float nose_width = 0.13F;        ///< 0.09..0.20
  float mouth_y = 0.62F;           ///< 0.55..0.68
  float mouth_width = 0.26F;       ///< Half; 0.18..0.34
  float lip_fullness = 1;          ///< 0.5..1.7
  float freckles = 0;              ///< 0..1
  float wrinkles = 0;              ///< 0..1
  std::uint32_t skin_pattern = 1;  ///< Seed of the faint spots that everybody has elsewhere.
};

struct Pose {
  float yaw = 0;       ///< Radians; positive turns the face to the picture's right.
  float pitch = 0;     ///< Radians; positive nods.
  float tilt = 0;      ///< Radians; positive leans the head to the picture's right.
  float smile = 0.3F;  ///< 0..1
};

struct Light {
  float direction = -0.3F;  ///< -1 from the picture's left, 1 from its right.
  float brightness = 1;     ///< 0.5..1.3
};

/// The people of the demonstration, always the same, at least eight, named. Both engines tell them
/// apart. Measured over poses and lights with dlib's DenseNet (L2): the same person within 0.30,
/// two people from 0.36; in a scene, against three portraits each, nearly always below 0.27.
[[nodiscard]] const std::vector<Person>& people();
/// Somebody else: the same seed gives the same face, with other features than any of `people()`.
/// Seed 1, the scene's own stranger, stays beyond 0.42 of everybody; other seeds were measured from
/// 0.31 up, so a test that needs a stranger to an engine should take seed 1 or 8 to 12.
[[nodiscard]] Person stranger(std::uint32_t seed);

/// A portrait before a plain wall, for enrolment: head and shoulders, the head about half as high
/// as the picture. Takes some ten milliseconds. Thread-safe.
[[nodiscard]] frame::PicturePtr draw_face(const Person& person, const Pose& pose = {},
                                          const Light& light = {}, frame::Size size = {480, 600});
/// The same as JPEG. `jpeg_failed`.
[[nodiscard]] Result<Bytes> draw_face_jpeg(const Person& person, const Pose& pose = {},
                                           const Light& light = {}, frame::Size size = {480, 600});

}  // namespace surveillx::demo
