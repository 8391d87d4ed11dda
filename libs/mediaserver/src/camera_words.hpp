#pragma once

#include <string>
#include <string_view>

#include "surveillx/domain/types.hpp"
#include "surveillx/stream/end_reason.hpp"

/// What a camera's report (live::CameraReport) says of its session, in words for people.
namespace surveillx::mediaserver {

/// Why the camera is offline when its session ended by itself.
[[nodiscard]] std::string offline_reason(stream::EndReason reason);
/// Why it is when the session was ended; `why` as signaling::EndSession says.
[[nodiscard]] std::string offline_reason(std::string_view why);
/// What is wrong with a session in this state; empty: nothing.
[[nodiscard]] std::string state_reason(domain::CameraState state);

}  // namespace surveillx::mediaserver
