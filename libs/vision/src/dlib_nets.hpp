#pragma once

#include "surveillx/vision/parts.hpp"

#include <filesystem>
#include <memory>

namespace surveillx::vision {

/// dlib's face embedding nets (`dlib-densenet`, `dlib-resnet` by the manifest's runtime): a 150x150
/// chip to 128 numbers, the mean of the face and its mirror image. Throws dlib::serialization_error
/// when the file is another net.
[[nodiscard]] std::unique_ptr<Embedder> make_dlib_embedder(const std::filesystem::path& weights,
                                                           const ModelManifest& model);
/// One BLAS thread for the process: OpenBLAS otherwise starts one a core for matrices this small.
void use_one_blas_thread();

}  // namespace surveillx::vision
