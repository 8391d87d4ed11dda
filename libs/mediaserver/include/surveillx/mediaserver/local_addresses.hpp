#pragma once

#include <string>
#include <vector>

#include "surveillx/base/error.hpp"
#include "surveillx/config/config.hpp"

namespace surveillx::mediaserver {

/// `ice.local_addresses` names an address that this machine does not have.
inline constexpr ErrorName kAddressNotHere{"address_not_here"};

/// Those that webrtc::check_local_addresses refuses, since they are not this machine's now: candidates on them do
/// not come about, and an answer without candidates reaches nobody.
[[nodiscard]] std::vector<std::string> addresses_not_here(const std::vector<std::string>& addresses);
/// `address_not_here` with all of them, the ones there are, and what to do.
[[nodiscard]] Result<void> check_local_addresses(const config::Ice& ice);

/// The addresses that a session's ICE uses: those of `configured` that are here, or when that is empty every address that
/// this machine has now, 127.0.0.1 included. libnice by itself leaves the latter out, and then a
/// camera on this machine that offers nothing but 127.0.0.1 finds no way to us.
[[nodiscard]] std::vector<std::string> ice_addresses(const std::vector<std::string>& configured);

}  // namespace surveillx::mediaserver
