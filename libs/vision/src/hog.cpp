#include "builtin.hpp"
#include "pixels.hpp"

#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <opencv2/imgproc.hpp>

#include <cmath>

namespace surveillx::vision {
namespace {

constexpr double kPixels = 960.0 * 540.0;
constexpr double kMaxGrowth = 2;

class HogDetector : public Detector {
 public:
  std::vector<Detection> detect(const Image& image) override {
    const cv::Mat& bgr = mat_of(image);
    if (bgr.empty()) return {};
    const double scale =
        std::min(kMaxGrowth, std::sqrt(kPixels / (static_cast<double>(bgr.cols) * bgr.rows)));
    cv::Mat grey;
    cv::cvtColor(bgr, grey, cv::COLOR_BGR2GRAY);
    cv::Mat scaled;
    cv::resize(grey, scaled, {}, scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    dlib::array2d<unsigned char> pixels(scaled.rows, scaled.cols);
    for (int y = 0; y < scaled.rows; ++y) {
      std::copy_n(scaled.ptr<unsigned char>(y), scaled.cols, &pixels[y][0]);
    }
    std::vector<dlib::rect_detection> found;
    detector_(pixels, found);
    std::vector<Detection> faces;
    for (const dlib::rect_detection& f : found) {
      Detection face;
      const auto by = static_cast<float>(1 / scale);
      face.box = {static_cast<float>(f.rect.left()) * by, static_cast<float>(f.rect.top()) * by,
                  static_cast<float>(f.rect.width()) * by,
                  static_cast<float>(f.rect.height()) * by};
      // The detector's confidence starts at 0 and rarely passes 2.
      face.score = static_cast<float>(std::clamp(0.6 + f.detection_confidence / 4, 0.0, 1.0));
      faces.push_back(face);
    }
    return faces;
  }

 private:
  dlib::frontal_face_detector detector_ = dlib::get_frontal_face_detector();
};

}  // namespace

std::unique_ptr<Detector> make_hog_detector() { return std::make_unique<HogDetector>(); }

}  // namespace surveillx::vision
