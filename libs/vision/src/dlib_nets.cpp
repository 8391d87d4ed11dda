#include "dlib_nets.hpp"

#include "pixels.hpp"

#include <dlib/dnn.h>
#include <dlib/matrix.h>

extern "C" void openblas_set_num_threads(int threads);

namespace surveillx::vision {
namespace {

// DenseNet (Huang et al. 2017) with growth 16 and blocks of 3, 6, 12 and 8 layers.
namespace densenet {

constexpr long kGrowth = 16;

template <long filters, int size, int stride, typename SUBNET>
using conv =
    dlib::add_layer<dlib::con_<filters, size, size, stride, stride, size / 2, size / 2>, SUBNET>;

template <typename SUBNET>
using norm_relu = dlib::relu<dlib::affine<SUBNET>>;

template <typename SUBNET>
using layer = dlib::concat2<
    dlib::tag1, dlib::tag2,
    dlib::tag2<
        conv<kGrowth, 3, 1, norm_relu<conv<4 * kGrowth, 1, 1, norm_relu<dlib::tag1<SUBNET>>>>>>>;

template <long filters, typename SUBNET>
using transition = dlib::avg_pool<2, 2, 2, 2, conv<filters, 1, 1, norm_relu<SUBNET>>>;

template <typename SUBNET>
using stem =
    dlib::add_layer<dlib::max_pool_<3, 3, 2, 2, 1, 1>, norm_relu<conv<2 * kGrowth, 7, 2, SUBNET>>>;

using Block1 = dlib::repeat<3, layer, stem<dlib::input_rgb_image>>;
using Block2 = dlib::repeat<6, layer, transition<kGrowth*(2 + 3) / 2, Block1>>;
using Block3 = dlib::repeat<12, layer, transition<kGrowth*(2 + 3 + 2 * 6) / 4, Block2>>;
using Block4 = dlib::repeat<8, layer, transition<kGrowth*(2 + 3 + 2 * 6 + 4 * 12) / 8, Block3>>;
using Net = dlib::loss_metric<dlib::fc_no_bias<128, dlib::avg_pool_everything<norm_relu<Block4>>>>;

}  // namespace densenet

// The ResNet of dlib's dnn_face_recognition example.
namespace resnet {

template <template <int, template <typename> class, int, typename> class block, int N,
          template <typename> class BN, typename SUBNET>
using residual = dlib::add_prev1<block<N, BN, 1, dlib::tag1<SUBNET>>>;

template <template <int, template <typename> class, int, typename> class block, int N,
          template <typename> class BN, typename SUBNET>
using residual_down = dlib::add_prev2<
    dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<block<N, BN, 2, dlib::tag1<SUBNET>>>>>>;

template <int N, template <typename> class BN, int stride, typename SUBNET>
using block =
    BN<dlib::con<N, 3, 3, 1, 1, dlib::relu<BN<dlib::con<N, 3, 3, stride, stride, SUBNET>>>>>;

template <int N, typename SUBNET>
using ares = dlib::relu<residual<block, N, dlib::affine, SUBNET>>;
template <int N, typename SUBNET>
using ares_down = dlib::relu<residual_down<block, N, dlib::affine, SUBNET>>;

template <typename SUBNET>
using level0 = ares_down<256, SUBNET>;
template <typename SUBNET>
using level1 = ares<256, ares<256, ares_down<256, SUBNET>>>;
template <typename SUBNET>
using level2 = ares<128, ares<128, ares_down<128, SUBNET>>>;
template <typename SUBNET>
using level3 = ares<64, ares<64, ares<64, ares_down<64, SUBNET>>>>;
template <typename SUBNET>
using level4 = ares<32, ares<32, ares<32, SUBNET>>>;

using Net = dlib::loss_metric<dlib::fc_no_bias<
    128, dlib::avg_pool_everything<level0<level1<level2<level3<level4<dlib::max_pool<
             3, 3, 2, 2,
             dlib::relu<dlib::affine<
                 dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image_sized<150>>>>>>>>>>>>>;

}  // namespace resnet

using Chip = dlib::matrix<dlib::rgb_pixel>;

Chip to_dlib(const cv::Mat& bgr, bool mirrored) {
  Chip chip(bgr.rows, bgr.cols);
  for (int y = 0; y < bgr.rows; ++y) {
    const auto* row = bgr.ptr<cv::Vec3b>(y);
    for (int x = 0; x < bgr.cols; ++x) {
      const cv::Vec3b& pixel = row[mirrored ? bgr.cols - 1 - x : x];
      chip(y, x) = dlib::rgb_pixel(pixel[2], pixel[1], pixel[0]);
    }
  }
  return chip;
}

template <class Net>
class DlibEmbedder : public Embedder {
 public:
  explicit DlibEmbedder(const std::filesystem::path& weights) {
    dlib::deserialize(weights.string()) >> net_;
  }

  std::vector<float> embed(const Image& chip) override {
    const cv::Mat& bgr = mat_of(chip);
    if (bgr.empty()) return {};
    const std::vector<Chip> both{to_dlib(bgr, false), to_dlib(bgr, true)};
    const std::vector<dlib::matrix<float, 0, 1>> out = net_(both);
    const dlib::matrix<float, 0, 1> mean = (out[0] + out[1]) / 2;
    return {mean.begin(), mean.end()};
  }

 private:
  Net net_;
};

}  // namespace

std::unique_ptr<Embedder> make_dlib_embedder(const std::filesystem::path& weights,
                                             const ModelManifest& model) {
  if (model.runtime == "dlib-resnet") return std::make_unique<DlibEmbedder<resnet::Net>>(weights);
  return std::make_unique<DlibEmbedder<densenet::Net>>(weights);
}

void use_one_blas_thread() { openblas_set_num_threads(1); }

}  // namespace surveillx::vision
