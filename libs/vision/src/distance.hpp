#pragma once

#include "surveillx/vision/manifest.hpp"

#include <cstddef>
#include <vector>

namespace surveillx::vision {

/// Squared for L2; 1 - cosine of vectors that are normalised already; chi-square as it is.
[[nodiscard]] float raw_distance(Metric metric, const float* a, const float* b, std::size_t size);
/// To length 1.
void normalise(std::vector<float>& vector);

}  // namespace surveillx::vision
