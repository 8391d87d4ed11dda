#pragma once

#include "surveillx/vision/parts.hpp"

#include <filesystem>
#include <memory>

namespace surveillx::vision {

/// YuNet (Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", 2023) through OpenCV's
/// DNN. cv::FaceDetectorYN of OpenCV 4.6 refuses these files, so the outputs are decoded here. The
/// image is taken as large as it is. Throws cv::Exception when the file is no net.
[[nodiscard]] std::unique_ptr<Detector> make_yunet(const std::filesystem::path& onnx,
                                                   const ModelManifest& model);

}  // namespace surveillx::vision
