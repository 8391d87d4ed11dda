#pragma once

#include "surveillx/gst/ref.hpp"

#include <string>

namespace surveillx::webrtc {

/// `host 127.0.0.1:53412 udp` each; empty while no pair is selected.
struct CandidatePair {
  std::string local;
  std::string remote;
};

/// The selected pair in an answer of webrtcbin's `get-stats`. Follows the ids that the pair names: the
/// `type` of the two candidates is swapped in GStreamer 1.22.0, so that it calls the local one remote.
[[nodiscard]] CandidatePair selected_pair(const GstStructure* reply);

}  // namespace surveillx::webrtc
