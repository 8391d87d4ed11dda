#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "surveillx/base/clock.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/signaling/messages.hpp"

namespace surveillx::mediaserver {

/// `stun:HOST[:PORT]` or `turn[s]:[USER:PASSWORD@]HOST[:PORT][?transport=...]` of the configuration
/// as webrtcbin wants it: with `//` and a port (RFC 7064 and 7065 leave both out). Empty stays empty.
[[nodiscard]] std::string element_url(std::string_view url);

/// The same for a camera's `welcome`: an RTCIceServer, whose URL has neither `//` nor an account.
[[nodiscard]] signaling::IceServer welcome_server(std::string_view url);

/// `url` with the account put in, percent-encoded, unless it has one.
[[nodiscard]] std::string with_account(std::string_view url, std::string_view username,
                                       std::string_view password);

/// `ice.turn` with an account each: its own or, with `ice.turn_secret`, one for `name` that ends
/// `ice.turn_lifetime` from `now`.
[[nodiscard]] std::vector<std::string> turn_urls(const config::Ice& ice, std::string_view name,
                                                 UnixMillis now);

}  // namespace surveillx::mediaserver
