#pragma once

#include "surveillx/vision/manifest.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace surveillx::vision {

inline constexpr ErrorName kModelsMissing{"models_missing"};
inline constexpr ErrorName kModelDamaged{"model_damaged"};

/// Where weights are looked for, in this order: `given` (--models), $SURVEILLX_MODELS, the data
/// folder's `models`, the data folder. What is empty or does not exist is left out.
[[nodiscard]] std::vector<std::filesystem::path> model_folders(
    const std::filesystem::path& given, const std::filesystem::path& data_folder);

/// The first folder's file, if any has it.
[[nodiscard]] std::optional<std::filesystem::path> find_weights(
    const ModelManifest& model, const std::vector<std::filesystem::path>& folders);

/// Lower-case hexadecimal SHA-256 of a file; `io_error`.
[[nodiscard]] Result<std::string> sha256_of(const std::filesystem::path& file);

/// `model_damaged` when the file is not the one the manifest knows. Parsers of weights trust their
/// input, so nothing else reaches them. A manifest without a checksum accepts any file.
[[nodiscard]] Result<std::filesystem::path> verify_weights(const ModelManifest& model,
                                                           const std::filesystem::path& file);

}  // namespace surveillx::vision
