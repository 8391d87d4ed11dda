#include "yunet.hpp"

#include "pixels.hpp"

#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include <cmath>

namespace surveillx::vision {
namespace {

constexpr float kNmsOverlap = 0.3F;
constexpr int kMaxFaces = 100;
constexpr std::array<int, 3> kStrides{8, 16, 32};

class YuNet : public Detector {
 public:
  YuNet(const std::filesystem::path& onnx, const ModelManifest& model)
      : net_(cv::dnn::readNetFromONNX(onnx.string())), threshold_(model.score_threshold) {
    net_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net_.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    for (const int stride : kStrides) {
      for (const char* kind : {"cls_", "obj_", "bbox_", "kps_"}) {
        outputs_.push_back(kind + std::to_string(stride));
      }
    }
  }

  std::vector<Detection> detect(const Image& image) override {
    const cv::Mat& bgr = mat_of(image);
    if (bgr.empty()) return {};
    // The deepest of the three grids has a cell each 32 pixels.
    const int width = (bgr.cols + 31) / 32 * 32;
    const int height = (bgr.rows + 31) / 32 * 32;
    cv::Mat padded = bgr;
    if (width != bgr.cols || height != bgr.rows) {
      cv::copyMakeBorder(bgr, padded, 0, height - bgr.rows, 0, width - bgr.cols,
                         cv::BORDER_CONSTANT);
    }
    net_.setInput(cv::dnn::blobFromImage(padded));
    std::vector<cv::Mat> found;
    net_.forward(found, outputs_);

    std::vector<Detection> candidates;
    for (std::size_t i = 0; i < kStrides.size(); ++i) {
      decode(found[i * 4], found[i * 4 + 1], found[i * 4 + 2], found[i * 4 + 3], kStrides[i], width,
             height, candidates);
    }
    return without_overlaps(std::move(candidates));
  }

 private:
  void decode(const cv::Mat& cls, const cv::Mat& obj, const cv::Mat& bbox, const cv::Mat& kps,
              int stride, int width, int height, std::vector<Detection>& out) const {
    const int columns = width / stride;
    const int cells = columns * (height / stride);
    const auto step = static_cast<float>(stride);
    const auto* c = cls.ptr<float>();
    const auto* o = obj.ptr<float>();
    const auto* b = bbox.ptr<float>();
    const auto* k = kps.ptr<float>();
    for (int cell = 0; cell < cells; ++cell) {
      const float score =
          std::sqrt(std::clamp(c[cell], 0.0F, 1.0F) * std::clamp(o[cell], 0.0F, 1.0F));
      if (score < threshold_) continue;
      const auto column = static_cast<float>(cell % columns);
      const auto row = static_cast<float>(cell / columns);
      const float* box = b + cell * 4;
      const float w = std::exp(box[2]) * step;
      const float h = std::exp(box[3]) * step;
      Detection face;
      face.score = score;
      face.box = {(column + box[0]) * step - w / 2, (row + box[1]) * step - h / 2, w, h};
      Landmarks points;
      for (std::size_t p = 0; p < points.size(); ++p) {
        const float* point = k + cell * 10 + p * 2;
        points[p] = {(column + point[0]) * step, (row + point[1]) * step};
      }
      face.landmarks = points;
      out.push_back(face);
    }
  }

  static std::vector<Detection> without_overlaps(std::vector<Detection> faces) {
    std::sort(faces.begin(), faces.end(),
              [](const Detection& a, const Detection& b) { return a.score > b.score; });
    std::vector<Detection> kept;
    for (const Detection& face : faces) {
      const bool repeated = std::any_of(kept.begin(), kept.end(), [&](const Detection& other) {
        return overlap(face.box, other.box) > kNmsOverlap;
      });
      if (!repeated) kept.push_back(face);
      if (kept.size() == kMaxFaces) break;
    }
    return kept;
  }

  cv::dnn::Net net_;
  float threshold_;
  std::vector<cv::String> outputs_;
};

}  // namespace

std::unique_ptr<Detector> make_yunet(const std::filesystem::path& onnx,
                                     const ModelManifest& model) {
  return std::make_unique<YuNet>(onnx, model);
}

}  // namespace surveillx::vision
