#pragma once

#include "surveillx/vision/parts.hpp"

#include <memory>

namespace surveillx::vision {

/// dlib's frontal face detector (HOG, its weights are compiled into the library). It sees faces of
/// 80 pixels and more, so the image is scaled to about half a megapixel first, up or down.
[[nodiscard]] std::unique_ptr<Detector> make_hog_detector();
/// Histograms of uniform local binary patterns over a grid of cells (Ahonen et al. 2006), together
/// with coarse colour histograms; all together sum up to 1, compared by chi-square (0 to 2).
[[nodiscard]] std::unique_ptr<Embedder> make_lbph_embedder(const ModelManifest& model);

}  // namespace surveillx::vision
