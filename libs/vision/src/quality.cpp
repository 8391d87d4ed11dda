#include "quality.hpp"

#include "pixels.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

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

/// The middle of the face, as grey levels; empty when it lies outside of the image.
cv::Mat grey_middle(const cv::Mat& bgr, const PixelBox& box) {
  const float side = 0.8F * box.w;
  const Point centre = box.centre();
  const cv::Rect part = cv::Rect(cv::Rect2f(centre.x - side / 2, centre.y - side / 2, side, side)) &
                        cv::Rect(0, 0, bgr.cols, bgr.rows);
  cv::Mat grey;
  if (part.width >= 16 && part.height >= 16) cv::cvtColor(bgr(part), grey, cv::COLOR_BGR2GRAY);
  return grey;
}

/// Of the lines of `grey` (rows), the share that change far less towards the next line than the
/// lines beside them do.
float repeated_rows(const cv::Mat& grey) {
  constexpr int kBeside = 3;
  std::vector<double> change(static_cast<std::size_t>(grey.rows - 1));
  for (int y = 0; y + 1 < grey.rows; ++y) {
    change[static_cast<std::size_t>(y)] = cv::norm(grey.row(y), grey.row(y + 1), cv::NORM_L1);
  }
  std::size_t repeated = 0;
  for (auto at = change.begin(); at != change.end(); ++at) {
    const auto first = at - std::min<std::ptrdiff_t>(kBeside, at - change.begin());
    const auto last = at + 1 + std::min<std::ptrdiff_t>(kBeside, change.end() - at - 1);
    if (*at < 0.25 * *std::max_element(first, last)) ++repeated;
  }
  return static_cast<float>(repeated) / static_cast<float>(change.size());
}

}  // namespace

FaceDetail measure_detail(const Image& image, const PixelBox& face) {
  const cv::Mat grey = grey_middle(mat_of(image), face);
  if (grey.empty()) return {};
  FaceDetail detail;
  detail.repeated = std::min(repeated_rows(grey), repeated_rows(grey.t()));

  cv::Mat probe;
  cv::resize(grey, probe, {kProbe, kProbe}, 0, 0,
             std::min(grey.cols, grey.rows) >= kProbe ? cv::INTER_AREA : cv::INTER_LINEAR);
  probe.convertTo(probe, CV_32F);
  probe -= cv::mean(probe);
  // Without it the picture's edges, which do not meet, would look like detail.
  static const cv::Mat window = [] {
    cv::Mat hann;
    cv::createHanningWindow(hann, {kProbe, kProbe}, CV_32F);
    return cv::Mat(hann.mul(hann));  // OpenCV's is the square root of the product of both.
  }();
  cv::Mat spectrum;
  cv::dft(probe.mul(window), spectrum, cv::DFT_COMPLEX_OUTPUT);
  double features = 0;
  double fine = 0;
  double diagonal = 0;
  for (int v = 0; v < kProbe; ++v) {
    for (int u = 0; u < kProbe; ++u) {
      const int fv = std::min(v, kProbe - v);  // Cycles across the middle of the face.
      const int fu = std::min(u, kProbe - u);
      const auto& z = spectrum.at<cv::Vec2f>(v, u);
      const double power = static_cast<double>(z[0]) * z[0] + static_cast<double>(z[1]) * z[1];
      const double radius = std::hypot(fu, fv);
      if (radius >= 3 && radius <= 8) features += power;
      if (radius >= 14 && radius <= 22) fine += power;
      if (fu >= 9 && fv >= 9 && fu <= 16 && fv <= 16) diagonal += power;
    }
  }
  if (features <= 0) return detail;
  detail.fine = static_cast<float>(fine / features);
  detail.diagonal = static_cast<float>(diagonal / features);
  return detail;
}

bool is_enlarged(const FaceDetail& detail) {
  // 7 of 637 real photos fall below; of faces of 24 pixels enlarged, 144 of 145 do.
  return detail.fine < 0.0036F || detail.diagonal < 0.0009F || detail.repeated > 0.12F;
}

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
