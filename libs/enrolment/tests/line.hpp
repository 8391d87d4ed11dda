#pragma once

#include "surveillx/vision/manifest.hpp"

namespace surveillx::enrolment {

/// People are points on a line: distances are differences.
inline vision::Matching line() {
  vision::Matching matching;
  matching.model_id = "line";
  matching.dimension = 1;
  matching.threshold = matching.max_threshold = matching.live_threshold = 0.4F;
  matching.margin = 0.05F;
  matching.look_alike = 0.4F;
  matching.unlike = 0.6F;
  return matching;
}

}  // namespace surveillx::enrolment
