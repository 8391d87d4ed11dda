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

}  // namespace surveillx::vision
