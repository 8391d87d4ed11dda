#pragma once

#include "surveillx/vision/engine.hpp"

#include <string>
#include <vector>

namespace surveillx::vision {

inline constexpr ErrorName kNoFace{"no_face"};
inline constexpr ErrorName kSeveralFaces{"several_faces"};
inline constexpr ErrorName kTooSmall{"too_small"};
inline constexpr ErrorName kBlurred{"blurred"};

struct Enrolment {
  Embedding embedding;
  FoundFace face;
  domain::Box box;  ///< Of the photo.
};

/// Takes the one face of an enrolment photo: `no_face`, `several_faces`, `too_small`, `blurred`.
/// A face less than half as large as the main one is a passer-by and does not count.
[[nodiscard]] Result<Enrolment> examine_photo(Engine& engine, const Image& photo);
/// Decodes and examines; also `not_an_image`, `empty_image`, `image_too_large`.
[[nodiscard]] Result<Enrolment> examine_photo(Engine& engine, ByteView photo);

}  // namespace surveillx::vision
