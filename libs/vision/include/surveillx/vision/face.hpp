#pragma once

#include "surveillx/vision/geometry.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace surveillx::vision {

/// Eye, eye, nose tip, mouth corner, mouth corner; of each pair the image's left one first.
using Landmarks = std::array<Point, 5>;

/// One face that a detector found, in pixels of the image it was given.
struct Detection {
  PixelBox box;
  float score = 0;  ///< The detector's own, 0 to 1.
  std::optional<Landmarks> landmarks;
};

/// What is wrong with a face, if anything. Such a face is never compared with the gallery: a far
/// face, enlarged, comes as near to somebody as a real match (20 px: 0.36 where strangers start at
/// 0.42), frame after frame, so that no vote would save us.
enum class QualityIssue { none, too_small, blurred, turned_away };

struct FaceQuality {
  float size_px = 0;    ///< Shorter side of the box in pixels of the original.
  float sharpness = 0;  ///< Energy of edges by energy of contrast at a fixed size; see quality.cpp.
  float weight = 0;     ///< 0 to 1: how much a decision listens to this face. 0 with an issue.
  QualityIssue issue = QualityIssue::none;
  [[nodiscard]] bool usable() const { return issue == QualityIssue::none; }
};

/// A face as numbers. Only vectors of the same model may be compared.
struct Embedding {
  std::string model_id;
  std::vector<float> values;
};

/// A detection with its quality.
struct FoundFace {
  Detection detection;
  FaceQuality quality;
};

}  // namespace surveillx::vision
