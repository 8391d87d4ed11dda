#pragma once

#include <span>
#include <string_view>

namespace surveillx::vision {

/// The TOML text of every manifest in contracts/models.
[[nodiscard]] std::span<const std::string_view> manifest_texts();

}  // namespace surveillx::vision
