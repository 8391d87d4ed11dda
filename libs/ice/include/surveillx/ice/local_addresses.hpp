#pragma once

#include <string>
#include <vector>

#include "surveillx/base/error.hpp"

namespace surveillx::ice {

inline constexpr ErrorName kBadIceAddress{"bad_ice_address"};
/// `ice.local_addresses` names an address that this machine does not have.
inline constexpr ErrorName kAddressNotHere{"address_not_here"};

/// Checks that ICE can gather on these addresses: each is an IP address of this machine. Errors:
/// `bad_ice_address`, with the first that is not.
[[nodiscard]] Result<void> check_gatherable(const std::vector<std::string>& addresses);

/// Those that `check_gatherable` refuses, since they are not this machine's now: candidates on them
/// do not come about, and an answer without candidates reaches nobody.
[[nodiscard]] std::vector<std::string> addresses_not_here(const std::vector<std::string>& addresses);
/// For the start, so that a mistake in the configuration is not found by the first camera:
/// `address_not_here` with all of them, the ones there are, and what to do.
[[nodiscard]] Result<void> check_local_addresses(const std::vector<std::string>& configured);

/// The addresses that a session's ICE announces: those of `configured` that are here, or when that is
/// empty every address that this machine has now, 127.0.0.1 included. libnice by itself leaves the
/// latter out, and then a camera on this machine that offers nothing but 127.0.0.1 finds no way to us.
[[nodiscard]] std::vector<std::string> addresses_to_announce(
    const std::vector<std::string>& configured);

}  // namespace surveillx::ice
