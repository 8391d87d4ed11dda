#include "quality.hpp"

#include "pixels.hpp"

#include <opencv2/imgproc.hpp>

#include <cmath>

namespace surveillx::vision {
namespace {

constexpr int kProbe = 64;

/// Variance of the Laplacian by variance of the grey levels, of the face scaled to 64x64: blur
/// lowers the first and leaves the second, so that the number does not follow light, contrast or
/// distance. A face of fewer pixels is enlarged and so counts as blurred, which it is.
float sharpness_of(const cv::Mat& bgr, const PixelBox& box) {
  const cv::Rect part =
      cv::Rect(cv::Rect2f(box.x + box.w * 0.1F, box.y + box.h * 0.1F, box.w * 0.8F, box.h * 0.8F)) &
      cv::Rect(0, 0, bgr.cols, bgr.rows);
  if (part.width < 4 || part.height < 4) return 0;
  cv::Mat small;
  cv::resize(bgr(part), small, {kProbe, kProbe}, 0, 0,
             part.width > kProbe ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::Mat grey;
  cv::cvtColor(small, grey, cv::COLOR_BGR2GRAY);
  cv::Mat edges;
  cv::Laplacian(grey, edges, CV_16S);
  cv::Scalar mean;
  cv::Scalar edge_deviation;
  cv::Scalar grey_deviation;
  cv::meanStdDev(edges, mean, edge_deviation);
  cv::meanStdDev(grey, mean, grey_deviation);
  const double contrast = grey_deviation[0] * grey_deviation[0];
  // A flat patch has no contrast to compare with; it is no face either.
  if (contrast < 4) return 0;
  return static_cast<float>(edge_deviation[0] * edge_deviation[0] / contrast);
}

}  // namespace

float turn_of(const Detection& face) {
  if (!face.landmarks) return 0;
  const Landmarks& p = *face.landmarks;
  const float ex = p[1].x - p[0].x;
  const float ey = p[1].y - p[0].y;
  const float eyes = ex * ex + ey * ey;
  if (eyes <= 0) return 1;
  const float mx = (p[0].x + p[1].x) / 2;
  const float my = (p[0].y + p[1].y) / 2;
  return std::abs((p[2].x - mx) * ex + (p[2].y - my) * ey) / eyes;
}

FaceQuality measure_quality(const Image& image, const Detection& face, const Gates& gates) {
  FaceQuality quality;
  const auto native = static_cast<float>(image.native_scale());
  quality.size_px = std::min(face.box.w, face.box.h) * native;
  quality.sharpness = sharpness_of(mat_of(image), face.box);
  const float turn = turn_of(face);
  if (quality.size_px < gates.min_size_px) {
    quality.issue = QualityIssue::too_small;
  } else if (quality.sharpness < gates.min_sharpness) {
    quality.issue = QualityIssue::blurred;
  } else if (turn > gates.max_turn) {
    quality.issue = QualityIssue::turned_away;
  } else {
    // Each factor is 1 for a good face and falls to about a half at its gate.
    const float size = std::min(1.0F, 0.5F * quality.size_px / gates.min_size_px);
    const float sharp = gates.min_sharpness > 0
                            ? std::min(1.0F, 0.5F * quality.sharpness / gates.min_sharpness)
                            : 1.0F;
    const float front = 1 - 0.5F * turn / gates.max_turn;
    quality.weight = size * sharp * front * std::min(1.0F, face.score);
  }
  return quality;
}

}  // namespace surveillx::vision
