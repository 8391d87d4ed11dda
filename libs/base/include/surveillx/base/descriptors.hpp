#pragma once

#include <cstddef>

namespace surveillx {

/// Raises this process's limit of open descriptors to the most that it may have, and returns it.
/// For servers, at their start: the usual 1,024 suits programs that call select(2), which none of
/// ours does.
std::size_t raise_descriptor_limit();

/// The limit as it stands; what counts connections derives its caps from it.
[[nodiscard]] std::size_t descriptor_limit();

}  // namespace surveillx
