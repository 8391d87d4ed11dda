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
    std::vector<Detection> faces;
    for (const Found& found : look(scaled, 0)) {
      const cv::Rect2d box = steady(scaled, found.box);
      const double by = 1 / scale;
      Detection face;
      face.box = {static_cast<float>(box.x * by), static_cast<float>(box.y * by),
                  static_cast<float>(box.width * by), static_cast<float>(box.height * by)};
      // The detector's confidence starts at 0 and rarely passes 2.
      face.score = static_cast<float>(std::clamp(0.6 + found.confidence / 4, 0.0, 1.0));
      faces.push_back(face);
    }
    return faces;
  }

 private:
  struct Found {
    cv::Rect2d box;
    double confidence = 0;
  };

  std::vector<Found> look(const cv::Mat& grey, double threshold) {
    dlib::array2d<unsigned char> pixels(grey.rows, grey.cols);
    for (int y = 0; y < grey.rows; ++y) {
      std::copy_n(grey.ptr<unsigned char>(y), grey.cols, &pixels[y][0]);
    }
    std::vector<dlib::rect_detection> rects;
    detector_(pixels, rects, threshold);
    std::vector<Found> found;
    for (const dlib::rect_detection& r : rects) {
      found.push_back(
          {cv::Rect2d(static_cast<double>(r.rect.left()), static_cast<double>(r.rect.top()),
                      static_cast<double>(r.rect.width()), static_cast<double>(r.rect.height())),
           r.detection_confidence});
    }
    return found;
  }

  /// The detector's boxes jump by a fifth in size and eight pixels in place, and there are no
  /// landmarks to align by. So the face is looked at again at sizes in between, and the mean taken.
  cv::Rect2d steady(const cv::Mat& grey, const cv::Rect2d& box) {
    const double grow = 0.4 * box.width;
    const cv::Rect part = cv::Rect(cv::Rect2d(box.x - grow, box.y - grow, box.width + 2 * grow,
                                              box.height + 2 * grow)) &
                          cv::Rect(0, 0, grey.cols, grey.rows);
    if (part.empty()) return box;
    cv::Rect2d sum;
    double weight = 0;
    for (const double scale : {0.92, 0.96, 1.0, 1.05, 1.1}) {
      cv::Mat scaled;
      cv::resize(grey(part), scaled, {}, scale, scale, cv::INTER_LINEAR);
      for (const Found& found : look(scaled, -0.4)) {
        const cv::Rect2d back(found.box.x / scale + part.x, found.box.y / scale + part.y,
                              found.box.width / scale, found.box.height / scale);
        if ((back & box).area() < 0.5 * std::max(back.area(), box.area())) continue;
        const double w = found.confidence + 0.5;
        sum = cv::Rect2d(sum.x + back.x * w, sum.y + back.y * w, sum.width + back.width * w,
                         sum.height + back.height * w);
        weight += w;
      }
    }
    if (weight <= 0) return box;
    return {sum.x / weight, sum.y / weight, sum.width / weight, sum.height / weight};
  }

  dlib::frontal_face_detector detector_ = dlib::get_frontal_face_detector();
};

}  // namespace

std::unique_ptr<Detector> make_hog_detector() { return std::make_unique<HogDetector>(); }

}  // namespace surveillx::vision
