#pragma once

#include "surveillx/vision/manifest.hpp"

#include <filesystem>
#include <string>

namespace surveillx::app {

inline constexpr ErrorName kDownloadFailed{"download_failed"};

/// Downloads a model's file into `folder` in pieces of a megabyte, so that a broken download
/// resumes where it ended; unpacks .bz2 within limits, checks the SHA-256 and moves it
/// into place. Progress on a terminal's stderr. `mirror`, when not empty, is a folder's address
/// that replaces the source's. Errors: `download_failed`, `model_damaged`, `io_error`.
[[nodiscard]] Result<std::filesystem::path> download_model(const vision::ModelManifest& model,
                                                           const std::filesystem::path& folder,
                                                           const std::string& mirror);

}  // namespace surveillx::app
