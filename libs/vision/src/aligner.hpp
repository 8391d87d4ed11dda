#pragma once

#include "surveillx/vision/parts.hpp"

#include <memory>

namespace surveillx::vision {

/// Moves the five landmarks onto the manifest's reference points by the similarity (rotation, one
/// scale, shift) that leaves the least squared error (Umeyama 1991). Needs landmarks.
[[nodiscard]] std::unique_ptr<Aligner> make_landmark_aligner(const ModelManifest& model);
/// The box itself, a little larger, scaled to the chip: for detectors without landmarks.
[[nodiscard]] std::unique_ptr<Aligner> make_box_aligner(const ModelManifest& model);

}  // namespace surveillx::vision
