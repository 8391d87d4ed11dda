#pragma once

#include <string>
#include <string_view>

#include "surveillx/signaling/messages.hpp"

namespace surveillx::mediaserver {

/// `stun:HOST[:PORT]` or `turn[s]:[USER:PASSWORD@]HOST[:PORT][?transport=...]` of the configuration
/// as webrtcbin wants it: with `//` and a port (RFC 7064 and 7065 leave both out). Empty stays empty.
[[nodiscard]] std::string element_url(std::string_view url);

/// The same for a camera's `welcome`: an RTCIceServer, whose URL has neither `//` nor an account.
[[nodiscard]] signaling::IceServer welcome_server(std::string_view url);

}  // namespace surveillx::mediaserver
