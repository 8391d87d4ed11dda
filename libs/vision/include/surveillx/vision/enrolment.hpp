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
/// Others are passers-by, and do not count, when the main one is in the middle and has three times
/// the area of each. A face that was enlarged from a few pixels is `blurred`, however many it has now.
[[nodiscard]] Result<Enrolment> examine_photo(Engine& engine, const Image& photo);
/// Decodes and examines; also what `Image::from_photo` says.
[[nodiscard]] Result<Enrolment> examine_photo(Engine& engine, ByteView photo);

}  // namespace surveillx::vision
