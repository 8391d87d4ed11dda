#pragma once

#include <functional>
#include <string>

#include "surveillx/base/error.hpp"

namespace surveillx::mediaserver {

/// No port of `ice.min_port..ice.max_port` is free for one more session.
inline constexpr ErrorName kNoMediaPort{"no_media_port"};
/// As webrtc::kBadSdp, of an offer that turned out so while it was answered.
inline constexpr ErrorName kBadOffer{"bad_sdp"};

/// What who brought a way in hears of its session; on the loop, and nothing any more once the session
/// has been ended.
struct SessionHooks {
  std::function<void(Error)> on_failed;
  /// The session ended by itself; `reason` is the name of a stream::EndReason.
  std::function<void(std::string reason)> on_ended;
  /// A newer session of the same camera has taken its place.
  std::function<void()> on_taken_over;
};

/// The same of a session that began with an offer.
struct OfferHooks : SessionHooks {
  std::function<void(std::string sdp)> on_answer;
  std::function<void(std::string candidate, int mline_index)> on_candidate;
};

}  // namespace surveillx::mediaserver
