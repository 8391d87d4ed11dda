#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "surveillx/base/clock.hpp"
#include "surveillx/domain/types.hpp"

namespace surveillx::mediaserver {

/// The cameras and their tokens as the database has them.
struct CamerasNews {
  std::vector<domain::Camera> cameras;
  std::unordered_map<CameraId, std::string> token_hashes;
  SteadyTime read_at{};  ///< Before reading began: what changed later may be missing here.
};

}  // namespace surveillx::mediaserver
