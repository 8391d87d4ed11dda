#include "room.hpp"

#include "shading.hpp"

#include <cstddef>
#include <cstring>

namespace surveillx::demo {
namespace {

void put(std::uint8_t* bgr, const Color& c) {
  const auto byte = [](float v) {
    return static_cast<std::uint8_t>(std::clamp(v, 0.F, 1.F) * 255 + 0.5F);
  };
  bgr[0] = byte(c.b);
  bgr[1] = byte(c.g);
  bgr[2] = byte(c.r);
}

std::size_t area(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

constexpr int kPanes = 2;

}  // namespace

Room::Room(frame::Size size, std::uint32_t seed)
    : size_(size),
      stride_(size.width * 3),
      pane_left_(size.width * 58 / 100),
      pane_top_(size.height * 7 / 100),
      pane_width_(size.width * 15 / 100),
      pane_height_(size.height * 40 / 100),
      clock_x_(size.width * 34 / 100),
      clock_y_(size.height * 14 / 100),
      clock_radius_(static_cast<float>(size.height) * 0.06F),
      walls_(area(stride_, size.height)),
      sky_(area(pane_width_ * 3 * 2 * kPanes, pane_height_)),
      canvas_(walls_.size()) {
  paint_walls();
  paint_sky(seed);
}

void Room::paint_walls() {
  const float w = static_cast<float>(size_.width);
  const float h = static_cast<float>(size_.height);
  const float frame_left = static_cast<float>(pane_left_) - 0.012F * w;
  const float frame_right = static_cast<float>(pane_left_ + kPanes * pane_width_) + 0.024F * w;
  const float frame_top = static_cast<float>(pane_top_) - 0.02F * h;
  const float frame_bottom = static_cast<float>(pane_top_ + pane_height_) + 0.02F * h;
  for (int j = 0; j < size_.height; ++j) {
    std::uint8_t* out = walls_.data() + area(j, stride_);
    for (int i = 0; i < size_.width; ++i, out += 3) {
      const float x = static_cast<float>(i);
      const float y = static_cast<float>(j);
      // Daylight falls off from the window to the far corner.
      const float light = 0.82F + 0.18F * x / w - 0.12F * y / h;
      Color c =
          scaled({0.74F, 0.77F, 0.74F}, light + 0.015F * (noise(x * 0.05F, y * 0.05F, 61) - 0.5F));
      if (y > 0.80F * h) c = scaled({0.50F, 0.44F, 0.38F}, light);
      if (std::abs(y - 0.80F * h) < 0.008F * h) c = scaled({0.86F, 0.85F, 0.82F}, light);
      if (x > frame_left && x < frame_right && y > frame_top && y < frame_bottom) {
        c = scaled({0.93F, 0.93F, 0.91F}, 0.95F + 0.05F * light);
      }
      // A cupboard on the left, with shelves.
      if (x < 0.24F * w && y > 0.10F * h) {
        const float shelf = std::fmod(y - 0.10F * h, 0.17F * h) / (0.17F * h);
        const int book = static_cast<int>(x / (0.018F * w));
        const int row = static_cast<int>((y - 0.10F * h) / (0.17F * h));
        const float tall = 0.30F + 0.4F * hash01(book, row, 71);
        c = scaled({0.42F, 0.32F, 0.24F}, light * 0.9F);
        if (shelf > 0.08F && x < 0.23F * w) {
          c = scaled({0.26F, 0.20F, 0.16F}, light);
          if (shelf > tall && hash01(book, row, 72) > 0.2F) {
            const Color cover{0.25F + 0.4F * hash01(book, row, 73),
                              0.25F + 0.3F * hash01(book, row, 74),
                              0.25F + 0.3F * hash01(book, row, 75)};
            c = scaled(cover, light * (0.85F + 0.15F * hash01(book, row, 76)));
          }
        }
      }
      const float dial = length(x - static_cast<float>(clock_x_), y - static_cast<float>(clock_y_));
      c = mix(c, {0.20F, 0.22F, 0.26F}, within(clock_radius_, 1, dial));
      c = mix(c, {0.94F, 0.94F, 0.92F}, within(clock_radius_ * 0.88F, 1, dial));
      put(out, c);
    }
  }
}

void Room::paint_sky(std::uint32_t seed) {
  const int width = pane_width_ * 2 * kPanes;
  const float turn = static_cast<float>(width);
  for (int j = 0; j < pane_height_; ++j) {
    std::uint8_t* out = sky_.data() + area(j, width * 3);
    for (int i = 0; i < width; ++i, out += 3) {
      // Noise around a circle meets itself, so the sky has no seam.
      const float angle = 6.2831853F * static_cast<float>(i) / turn;
      const float v = static_cast<float>(j) / static_cast<float>(pane_height_);
      const float cx = 3 * std::cos(angle);
      const float cy = 3 * std::sin(angle) + v * 5;
      const float puff = 0.6F * noise(cx + 9, cy + 9, seed) +
                         0.3F * noise(cx * 2.3F, cy * 2.3F, seed + 1) +
                         0.1F * noise(cx * 6, cy * 6, seed + 2);
      const Color blue = mix({0.45F, 0.66F, 0.92F}, {0.75F, 0.87F, 0.97F}, v);
      put(out, mix(blue, {0.98F, 0.98F, 1}, smooth(0.48F, 0.68F, puff)));
    }
  }
}

void Room::draw_hand(std::chrono::milliseconds t) {
  const float angle = 6.2831853F * static_cast<float>(t.count() % 60'000) / 60'000.F;
  const float dx = std::sin(angle);
  const float dy = -std::cos(angle);
  const float reach = clock_radius_ * 0.75F;
  const int r = static_cast<int>(clock_radius_);
  for (int j = -r; j <= r; ++j) {
    const int y = clock_y_ + j;
    if (y < 0 || y >= size_.height) continue;
    for (int i = -r; i <= r; ++i) {
      const int x = clock_x_ + i;
      const float along = static_cast<float>(i) * dx + static_cast<float>(j) * dy;
      const float aside = static_cast<float>(i) * dy - static_cast<float>(j) * dx;
      if (along < 0 || along > reach || x < 0 || x >= size_.width) continue;
      const float ink = within(clock_radius_ * 0.04F, 0.7F, aside);
      if (ink <= 0) continue;
      std::uint8_t* const out =
          canvas_.data() + area(y, stride_) + static_cast<std::ptrdiff_t>(x) * 3;
      for (int c = 0; c < 3; ++c) {
        out[c] =
            static_cast<std::uint8_t>(lerp(static_cast<float>(out[c]), c == 2 ? 190.F : 40.F, ink));
      }
    }
  }
}

std::uint8_t* Room::draw(std::chrono::milliseconds t) {
  std::memcpy(canvas_.data(), walls_.data(), walls_.size());
  const int sky_width = pane_width_ * 2 * kPanes;
  // The sky passes once in two minutes.
  const int shift = static_cast<int>((t.count() * sky_width / 120'000) % sky_width);
  const int gap = size_.width * 12 / 1000;
  for (int pane = 0; pane < kPanes; ++pane) {
    const int from = (shift + pane * (pane_width_ + gap)) % sky_width;
    const int head = std::min(pane_width_, sky_width - from);
    for (int j = 0; j < pane_height_; ++j) {
      const std::uint8_t* const row = sky_.data() + area(j, sky_width * 3);
      std::uint8_t* const out =
          canvas_.data() + area(pane_top_ + j, stride_) +
          static_cast<std::ptrdiff_t>(pane_left_ + pane * (pane_width_ + gap)) * 3;
      std::memcpy(out, row + static_cast<std::ptrdiff_t>(from) * 3, area(head, 3));
      std::memcpy(out + static_cast<std::ptrdiff_t>(head) * 3, row, area(pane_width_ - head, 3));
    }
  }
  draw_hand(t);
  return canvas_.data();
}

}  // namespace surveillx::demo
