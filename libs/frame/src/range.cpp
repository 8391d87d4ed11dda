#include "range.hpp"

#include <algorithm>

// Eight fractional bits in 16-bit arithmetic, so that the compiler turns each row into SIMD code.
namespace surveillx::frame {
namespace {

std::uint8_t clamp8(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

template <class Map>
void map_rows(const Rows& rows, Map map) {
  for (int row = 0; row < rows.height; ++row) {
    const std::uint8_t* from = rows.from + static_cast<std::ptrdiff_t>(row) * rows.from_stride;
    std::uint8_t* to = rows.to + static_cast<std::ptrdiff_t>(row) * rows.to_stride;
    for (int x = 0; x < rows.width; ++x) to[x] = map(from[x]);
  }
}

}  // namespace

void luma_to_full(const Rows& rows) {
  map_rows(rows, [](int value) {
    const int above = value - 16;
    return clamp8(above + ((above * 42 + 128) >> 8));  // 255/219 = 1 + 42/256
  });
}

void chroma_to_full(const Rows& rows) {
  map_rows(rows, [](int value) {
    const int offset = value - 128;
    return clamp8(128 + offset + ((offset * 35 + 128) >> 8));  // 255/224 = 1 + 35/256
  });
}

void luma_to_limited(std::uint8_t* data, int stride, int width, int height) {
  map_rows({data, stride, data, stride, width, height},
           [](int value) { return clamp8(16 + ((value * 220 + 128) >> 8)); });
}

void chroma_to_limited(std::uint8_t* data, int stride, int width, int height) {
  map_rows({data, stride, data, stride, width, height},
           [](int value) { return clamp8(128 + (((value - 128) * 225 + 128) >> 8)); });
}

}  // namespace surveillx::frame
