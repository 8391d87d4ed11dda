#pragma once

#include <string_view>

namespace surveillx::stream {

/// Why a camera's stream ended. `bad_sdp` and `no_media_port` come instead of an answer: the first is
/// the offer's fault (the detail says in words what is wrong with it), the second ours (no port of
/// `ice.min_port..max_port` is free).
enum class EndReason {
  closed,
  ice_failed,
  dtls_failed,
  no_frames,
  pipeline_error,
  bad_sdp,
  no_media_port,
};
[[nodiscard]] std::string_view to_string(EndReason reason);

}  // namespace surveillx::stream
