#pragma once

#include "surveillx/vision/face.hpp"
#include "surveillx/vision/image.hpp"
#include "surveillx/vision/manifest.hpp"

#include <memory>
#include <vector>

/// The three steps an engine is made of. Each object belongs to one thread at a time.
namespace surveillx::vision {

class Detector {
 public:
  virtual ~Detector() = default;
  /// Faces in pixels of `image`, best score first.
  [[nodiscard]] virtual std::vector<Detection> detect(const Image& image) = 0;
};

class Aligner {
 public:
  virtual ~Aligner() = default;
  /// The face as the embedder wants to see it: eyes and mouth at fixed places, a fixed size.
  [[nodiscard]] virtual Image align(const Image& image, const Detection& face) = 0;
};

class Embedder {
 public:
  virtual ~Embedder() = default;
  [[nodiscard]] virtual std::vector<float> embed(const Image& chip) = 0;
};

}  // namespace surveillx::vision
