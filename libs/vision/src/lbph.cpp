#include "builtin.hpp"
#include "pixels.hpp"

#include <opencv2/imgproc.hpp>

#include <array>
#include <bit>
#include <cmath>

namespace surveillx::vision {
namespace {

constexpr int kGrid = 8;
constexpr int kBins = 59;  ///< 58 uniform patterns of 8 neighbours, and all others together.
constexpr int kRadius = 2;

/// Pattern to bin: a pattern with at most two changes around the circle has a bin of its own.
std::array<std::uint8_t, 256> uniform_bins() {
  std::array<std::uint8_t, 256> bins{};
  std::uint8_t next = 0;
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    const auto p = static_cast<std::uint8_t>(pattern);
    const bool uniform = std::popcount(static_cast<std::uint8_t>(p ^ std::rotl(p, 1))) <= 2;
    bins[pattern] = uniform ? next++ : kBins - 1;
  }
  return bins;
}

class LbphEmbedder : public Embedder {
 public:
  explicit LbphEmbedder(const ModelManifest& model) : size_(model.chip_width, model.chip_height) {}

  std::vector<float> embed(const Image& chip) override {
    if (chip.empty()) return {};
    cv::Mat grey;
    cv::cvtColor(mat_of(chip), grey, cv::COLOR_BGR2GRAY);
    if (grey.size() != size_) cv::resize(grey, grey, size_, 0, 0, cv::INTER_AREA);
    // Without it the patterns of flat skin are those of the camera's noise.
    cv::GaussianBlur(grey, grey, {3, 3}, 0);

    static const std::array<std::uint8_t, 256> bins = uniform_bins();
    constexpr std::array<std::array<int, 2>, 8> around{{{-kRadius, -kRadius},
                                                        {0, -kRadius},
                                                        {kRadius, -kRadius},
                                                        {kRadius, 0},
                                                        {kRadius, kRadius},
                                                        {0, kRadius},
                                                        {-kRadius, kRadius},
                                                        {-kRadius, 0}}};
    std::vector<float> histogram(kGrid * kGrid * kBins, 0.0F);
    const int width = grey.cols - 2 * kRadius;
    const int height = grey.rows - 2 * kRadius;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int centre = grey.at<std::uint8_t>(y + kRadius, x + kRadius);
        unsigned pattern = 0;
        for (unsigned n = 0; n < around.size(); ++n) {
          const int other =
              grey.at<std::uint8_t>(y + kRadius + around[n][1], x + kRadius + around[n][0]);
          // A step of two grey levels is noise, not texture.
          if (other >= centre + 2) pattern |= 1U << n;
        }
        const int cell = y * kGrid / height * kGrid + x * kGrid / width;
        ++histogram[static_cast<std::size_t>(cell * kBins + bins[pattern])];
      }
    }
    const float whole = static_cast<float>(width) * static_cast<float>(height);
    for (float& value : histogram) value /= whole;
    return histogram;
  }

 private:
  cv::Size size_;
};

}  // namespace

std::unique_ptr<Embedder> make_lbph_embedder(const ModelManifest& model) {
  return std::make_unique<LbphEmbedder>(model);
}

}  // namespace surveillx::vision
