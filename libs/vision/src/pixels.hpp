#pragma once

#include "surveillx/vision/image.hpp"

#include <opencv2/core.hpp>

namespace surveillx::vision {

/// Never written once an Image holds it.
struct Image::Pixels {
  cv::Mat bgr;
};

[[nodiscard]] inline const cv::Mat& mat_of(const Image& image) { return image.pixels().bgr; }
[[nodiscard]] inline Image image_of(cv::Mat bgr, double native_scale = 1) {
  return Image(std::make_shared<const Image::Pixels>(Image::Pixels{std::move(bgr)}), native_scale);
}

}  // namespace surveillx::vision
