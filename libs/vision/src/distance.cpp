#include "distance.hpp"

#include <array>
#include <cmath>

// Eight running sums each, because the compiler may not reorder one float sum into SIMD lanes
// itself.
namespace surveillx::vision {
namespace {

constexpr std::size_t kLanes = 8;

template <class Term>
float sum(const float* a, const float* b, std::size_t size, Term term) {
  std::array<float, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(a[i + lane], b[i + lane]);
  }
  float total = 0;
  for (; i < size; ++i) total += term(a[i], b[i]);
  for (const float lane : lanes) total += lane;
  return total;
}

}  // namespace

float raw_distance(Metric metric, const float* a, const float* b, std::size_t size) {
  switch (metric) {
    case Metric::l2:
      return sum(a, b, size, [](float x, float y) { return (x - y) * (x - y); });
    case Metric::cosine:
      return 1 - sum(a, b, size, [](float x, float y) { return x * y; });
    case Metric::chi_square:
      return sum(a, b, size, [](float x, float y) {
        // The tiny number stands for "0 / 0 is 0" without a branch.
        return (x - y) * (x - y) / (x + y + 1e-12F);
      });
  }
  return 0;
}

void normalise(std::vector<float>& vector) {
  float squares = 0;
  for (const float value : vector) squares += value * value;
  if (squares <= 0) return;
  const float by = 1 / std::sqrt(squares);
  for (float& value : vector) value *= by;
}

}  // namespace surveillx::vision
