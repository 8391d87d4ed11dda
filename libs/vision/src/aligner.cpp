#include "aligner.hpp"

#include "pixels.hpp"

#include <opencv2/imgproc.hpp>

#include <cmath>

namespace surveillx::vision {
namespace {

/// dlib's boxes end at the brows and the chin; some of the forehead and the outline help.
constexpr float kBoxMargin = 0.15F;

/// x' = a x - b y + tx, y' = b x + a y + ty.
struct Similarity {
  double a = 1;
  double b = 0;
  double tx = 0;
  double ty = 0;
  [[nodiscard]] double scale() const { return std::hypot(a, b); }
  [[nodiscard]] cv::Matx23d matrix() const { return {a, -b, tx, b, a, ty}; }
};

Similarity least_squares(const Landmarks& from, const Landmarks& to) {
  double fx = 0;
  double fy = 0;
  double gx = 0;
  double gy = 0;
  constexpr double n = 5;
  for (std::size_t i = 0; i < from.size(); ++i) {
    fx += from[i].x / n;
    fy += from[i].y / n;
    gx += to[i].x / n;
    gy += to[i].y / n;
  }
  double dot = 0;
  double cross = 0;
  double spread = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double x = from[i].x - fx;
    const double y = from[i].y - fy;
    const double u = to[i].x - gx;
    const double v = to[i].y - gy;
    dot += x * u + y * v;
    cross += x * v - y * u;
    spread += x * x + y * y;
  }
  if (spread <= 0) return {};
  Similarity s{dot / spread, cross / spread, 0, 0};
  s.tx = gx - (s.a * fx - s.b * fy);
  s.ty = gy - (s.b * fx + s.a * fy);
  return s;
}

class LandmarkAligner : public Aligner {
 public:
  explicit LandmarkAligner(const ModelManifest& model)
      : size_(model.chip_width, model.chip_height), reference_(model.reference) {}

  Image align(const Image& image, const Detection& face) override {
    const cv::Mat& bgr = mat_of(image);
    if (bgr.empty() || !face.landmarks) return {};
    Landmarks points = *face.landmarks;
    const double scale = least_squares(points, reference_).scale();
    cv::Mat source = bgr;
    // Warping samples four pixels for one: a face much larger than the chip is shrunk by area
    // first, or its texture turns into aliasing that the net takes for features.
    if (scale < 0.7 && scale > 0) {
      const double reach = 1.5 * std::max(size_.width, size_.height) / scale;
      const Point nose = points[2];
      const cv::Rect part =
          cv::Rect(cv::Rect2d(nose.x - reach / 2, nose.y - reach / 2, reach, reach)) &
          cv::Rect(0, 0, bgr.cols, bgr.rows);
      if (part.empty()) return {};
      cv::Mat small;
      const cv::Size size(std::max(1, static_cast<int>(std::lround(part.width * scale))),
                          std::max(1, static_cast<int>(std::lround(part.height * scale))));
      cv::resize(bgr(part), small, size, 0, 0, cv::INTER_AREA);
      const float sx = static_cast<float>(size.width) / static_cast<float>(part.width);
      const float sy = static_cast<float>(size.height) / static_cast<float>(part.height);
      // Pixel centres, not corners, keep their places.
      for (Point& p : points) {
        p = {(p.x + 0.5F - static_cast<float>(part.x)) * sx - 0.5F,
             (p.y + 0.5F - static_cast<float>(part.y)) * sy - 0.5F};
      }
      source = small;
    }
    cv::Mat chip;
    cv::warpAffine(source, chip, least_squares(points, reference_).matrix(), size_,
                   cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    return image_of(std::move(chip));
  }

 private:
  cv::Size size_;
  Landmarks reference_;
};

class BoxAligner : public Aligner {
 public:
  explicit BoxAligner(const ModelManifest& model) : size_(model.chip_width, model.chip_height) {}

  Image align(const Image& image, const Detection& face) override {
    const cv::Mat& bgr = mat_of(image);
    const float grow = kBoxMargin * face.box.w;
    const cv::Rect wanted(cv::Rect2f(face.box.x - grow, face.box.y - grow, face.box.w + 2 * grow,
                                     face.box.h + 2 * grow));
    const cv::Rect part = wanted & cv::Rect(0, 0, bgr.cols, bgr.rows);
    if (part.empty()) return {};
    cv::Mat whole = bgr(part);
    if (part != wanted) {
      cv::copyMakeBorder(bgr(part), whole, part.y - wanted.y, wanted.br().y - part.br().y,
                         part.x - wanted.x, wanted.br().x - part.br().x, cv::BORDER_REPLICATE);
    }
    cv::Mat chip;
    const bool smaller = whole.cols > size_.width;
    cv::resize(whole, chip, size_, 0, 0, smaller ? cv::INTER_AREA : cv::INTER_LINEAR);
    return image_of(std::move(chip));
  }

 private:
  cv::Size size_;
};

}  // namespace

std::unique_ptr<Aligner> make_landmark_aligner(const ModelManifest& model) {
  return std::make_unique<LandmarkAligner>(model);
}

std::unique_ptr<Aligner> make_box_aligner(const ModelManifest& model) {
  return std::make_unique<BoxAligner>(model);
}

}  // namespace surveillx::vision
