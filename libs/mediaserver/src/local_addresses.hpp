#pragma once

#include <string>
#include <vector>

namespace surveillx::mediaserver {

/// The addresses that a session's ICE uses: `configured`, or when that is empty every address that
/// this machine has now, 127.0.0.1 included. libnice by itself leaves the latter out, and then a
/// camera on this machine that offers nothing but 127.0.0.1 finds no way to us.
[[nodiscard]] std::vector<std::string> ice_addresses(const std::vector<std::string>& configured);

}  // namespace surveillx::mediaserver
