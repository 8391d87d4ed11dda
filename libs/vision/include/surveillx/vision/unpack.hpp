#pragma once

#include "surveillx/base/error.hpp"

#include <cstdint>
#include <filesystem>

namespace surveillx::vision {

/// The packed file is none, is cut off, or unpacks to more than it may.
inline constexpr ErrorName kUnpackFailed{"unpack_failed"};

struct UnpackLimits {
  std::uintmax_t max_bytes = 512ULL * 1024 * 1024;  ///< Far more than any model known.
  /// Weights hardly shrink (1.1 at most was seen): what grows a thousandfold is no model but a bomb.
  std::uintmax_t max_ratio = 20;
};

/// `bzip2 -dc packed > file`, as far as the limits go; `file` is replaced, and removed on an error.
/// Errors: `unpack_failed`, `io_error`. Blocks.
[[nodiscard]] Result<void> unpack_bzip2(const std::filesystem::path& packed,
                                        const std::filesystem::path& file,
                                        const UnpackLimits& limits = {});

}  // namespace surveillx::vision
