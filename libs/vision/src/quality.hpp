#pragma once

#include "surveillx/vision/face.hpp"
#include "surveillx/vision/image.hpp"
#include "surveillx/vision/manifest.hpp"

namespace surveillx::vision {

/// Measures a face and holds it against the live gates.
[[nodiscard]] FaceQuality measure_quality(const Image& image, const Detection& face,
                                          const Gates& gates);
/// How far the nose lies from the middle of the eyes along their line, in eye distances: 0 for a
/// face that looks at the camera, above 0.5 in profile. 0 without landmarks.
[[nodiscard]] float turn_of(const Detection& face);

/// What a face holds at fine scale, measured at a fixed size, so that it says how many pixels the
/// face once had and not how many somebody has enlarged it to.
struct FaceDetail {
  /// Energy beyond what 28 pixels across a face can hold, by the energy of its features: a ring of
  /// frequencies, which lanczos and cubic enlargement leave empty,
  float fine = 0;
  /// and the diagonal ones, which linear enlargement leaves empty too.
  float diagonal = 0;
  /// Share of rows (or columns, if less) that repeat their neighbour: enlargement by repeating.
  float repeated = 0;
};
[[nodiscard]] FaceDetail measure_detail(const Image& image, const PixelBox& face);
/// Whether the face is a few pixels made large, by whatever filter. Calibrated on LFW's photos and
/// on the same ones reduced to faces of 16 to 40 pixels and enlarged again.
[[nodiscard]] bool is_enlarged(const FaceDetail& detail);

}  // namespace surveillx::vision
