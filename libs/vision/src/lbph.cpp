#include "builtin.hpp"
#include "pixels.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace surveillx::vision {
namespace {

constexpr int kBins = 59;  ///< 58 uniform patterns of 8 neighbours, and all others together.
constexpr int kRadius = 3;
constexpr int kNoise = 3;  ///< A step of fewer grey levels is no texture.
constexpr double kBlur = 1.2;
constexpr int kPatternGrid = 6;

/// Half axes of the oval, in chip sizes.
constexpr float kOvalX = 0.37F;
constexpr float kOvalY = 0.48F;

constexpr int kColourSide = 32;
constexpr int kColourGrid = 3;
constexpr int kColourBins = 64;
constexpr int kLightBins = 6;
constexpr float kColourWeight = 0.3F;

/// Histograms over a grid of cells. A pixel counts in the four cells around it, the more the nearer
/// their centres: without landmarks the same feature lies some pixels elsewhere in the next
/// picture.
class CellHistograms {
 public:
  CellHistograms(int grid, int bins, int width, int height)
      : grid_(grid),
        bins_(bins),
        columns_(weights(grid, width)),
        rows_(weights(grid, height)),
        sums_(static_cast<std::size_t>(grid * grid * bins), 0.0F) {}

  /// Pixels outside of the face's oval are the wall behind it and do not count.
  void add(int x, int y, int bin) {
    const float dx =
        ((static_cast<float>(x) + 0.5F) / static_cast<float>(columns_.size()) - 0.5F) / kOvalX;
    const float dy =
        ((static_cast<float>(y) + 0.5F) / static_cast<float>(rows_.size()) - 0.5F) / kOvalY;
    if (dx * dx + dy * dy > 1) return;
    const Share& row = rows_[static_cast<std::size_t>(y)];
    const Share& column = columns_[static_cast<std::size_t>(x)];
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t j = 0; j < 2; ++j) {
        const int cell = row.cell[i] * grid_ + column.cell[j];
        sums_[static_cast<std::size_t>(cell * bins_ + bin)] += row.part[i] * column.part[j];
      }
    }
  }

  /// Appended so that all cells together sum up to `weight`.
  void append_to(std::vector<float>& out, float weight) const {
    float total = 0;
    for (const float sum : sums_) total += sum;
    for (const float sum : sums_) out.push_back(total > 0 ? sum * weight / total : 0);
  }

 private:
  struct Share {
    std::array<int, 2> cell{};
    std::array<float, 2> part{};
  };

  static std::vector<Share> weights(int grid, int size) {
    std::vector<Share> shares;
    for (int i = 0; i < size; ++i) {
      const float at =
          (static_cast<float>(i) + 0.5F) / static_cast<float>(size) * static_cast<float>(grid) -
          0.5F;
      const int first = static_cast<int>(std::floor(at));
      const float second_part = at - static_cast<float>(first);
      Share share;
      share.cell = {std::clamp(first, 0, grid - 1), std::clamp(first + 1, 0, grid - 1)};
      share.part = {first < 0 ? 0 : 1 - second_part, first + 1 >= grid ? 0 : second_part};
      shares.push_back(share);
    }
    return shares;
  }

  int grid_;
  int bins_;
  std::vector<Share> columns_;
  std::vector<Share> rows_;
  std::vector<float> sums_;
};

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
    cv::Mat bgr = mat_of(chip);
    if (bgr.size() != size_) cv::resize(bgr, bgr, size_, 0, 0, cv::INTER_AREA);
    std::vector<float> histogram;
    patterns(bgr, histogram);
    colours(bgr, histogram);
    return histogram;
  }

 private:
  static void patterns(const cv::Mat& bgr, std::vector<float>& out) {
    cv::Mat grey;
    cv::cvtColor(bgr, grey, cv::COLOR_BGR2GRAY);
    cv::GaussianBlur(grey, grey, {}, kBlur);
    static const std::array<std::uint8_t, 256> bins = uniform_bins();
    constexpr std::array<std::array<int, 2>, 8> around{{{-kRadius, -kRadius},
                                                        {0, -kRadius},
                                                        {kRadius, -kRadius},
                                                        {kRadius, 0},
                                                        {kRadius, kRadius},
                                                        {0, kRadius},
                                                        {-kRadius, kRadius},
                                                        {-kRadius, 0}}};
    const int width = grey.cols - 2 * kRadius;
    const int height = grey.rows - 2 * kRadius;
    CellHistograms cells(kPatternGrid, kBins, width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int centre = grey.at<std::uint8_t>(y + kRadius, x + kRadius);
        unsigned pattern = 0;
        for (unsigned n = 0; n < around.size(); ++n) {
          const int other =
              grey.at<std::uint8_t>(y + kRadius + around[n][1], x + kRadius + around[n][0]);
          if (other >= centre + kNoise) pattern |= 1U << n;
        }
        cells.add(x, y, bins[pattern]);
      }
    }
    cells.append_to(out, 1 - kColourWeight);
  }

  /// Colour of skin, hair and glasses by place: weak for real people, but patterns alone are
  /// weaker.
  static void colours(const cv::Mat& bgr, std::vector<float>& out) {
    cv::Mat small;
    cv::resize(bgr, small, {kColourSide, kColourSide}, 0, 0, cv::INTER_AREA);
    cv::cvtColor(small, small, cv::COLOR_BGR2Lab);
    CellHistograms tint(kColourGrid, kColourBins, kColourSide, kColourSide);
    CellHistograms light(kColourGrid, kLightBins, kColourSide, kColourSide);
    for (int y = 0; y < kColourSide; ++y) {
      for (int x = 0; x < kColourSide; ++x) {
        const auto& lab = small.at<cv::Vec3b>(y, x);
        const int a = std::clamp((lab[1] - 96) / 8, 0, 7);
        const int b = std::clamp((lab[2] - 96) / 8, 0, 7);
        tint.add(x, y, a * 8 + b);
        light.add(x, y, lab[0] * kLightBins / 256);
      }
    }
    tint.append_to(out, 0.6F * kColourWeight);
    light.append_to(out, 0.4F * kColourWeight);
  }

  cv::Size size_;
};

}  // namespace

std::unique_ptr<Embedder> make_lbph_embedder(const ModelManifest& model) {
  return std::make_unique<LbphEmbedder>(model);
}

}  // namespace surveillx::vision
