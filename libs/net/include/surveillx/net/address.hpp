#pragma once

#include <string>
#include <string_view>

namespace surveillx::net {

/// Who counts as one stranger when work is bounded by address: an IPv4 address, also one mapped
/// into IPv6, or the /64 of an IPv6 address, which is what one customer is given. Text that is no
/// address counts as itself.
[[nodiscard]] std::string address_group(std::string_view address);

}  // namespace surveillx::net
