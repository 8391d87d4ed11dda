#pragma once

#include <cstddef>

namespace surveillx::live {

inline constexpr int kMaxSide = 16'384;  ///< Of a picture.
inline constexpr std::size_t kMaxFaces = 256;
inline constexpr std::size_t kMaxCodec = 16;

}  // namespace surveillx::live
