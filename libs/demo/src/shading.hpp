#pragma once

#include "surveillx/demo/person.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

/// The little arithmetic that drawing needs: smooth edges, bells, noise that is a function of its
/// place, and colours.
namespace surveillx::demo {

// Without the guarantees for huge and infinite numbers that std::lerp and std::hypot pay for.
[[nodiscard]] inline float lerp(float a, float b, float t) { return a + (b - a) * t; }
[[nodiscard]] inline float length(float x, float y) { return std::sqrt(x * x + y * y); }
[[nodiscard]] inline float smooth(float from, float to, float x) {
  const float t = std::clamp((x - from) / (to - from), 0.F, 1.F);
  return t * t * (3 - 2 * t);
}
/// 1 inside the half width, 0 beyond, with an edge of `soft` on both sides of it.
[[nodiscard]] inline float within(float half_width, float soft, float x) {
  return 1 - smooth(half_width - soft, half_width + soft, std::abs(x));
}
[[nodiscard]] inline float bell(float x, float y, float sigma_x, float sigma_y) {
  const float u = x / sigma_x;
  const float v = y / sigma_y;
  const float q = u * u + v * v;
  return q > 16 ? 0.F : std::exp(-0.5F * q);
}
/// Soft ellipse: 1 inside, 0 outside, `soft` in the units of the radii.
[[nodiscard]] inline float ellipse(float x, float y, float rx, float ry, float soft) {
  const float u = x / rx;
  const float v = y / ry;
  const float edge = soft / std::min(rx, ry);
  return 1 - smooth(1 - edge, 1 + edge, std::sqrt(u * u + v * v));
}

[[nodiscard]] inline std::uint32_t hash(std::uint32_t x) {
  x ^= x >> 16U;
  x *= 0x7feb352dU;
  x ^= x >> 15U;
  x *= 0x846ca68bU;
  return x ^ (x >> 16U);
}
[[nodiscard]] inline float hash01(std::uint32_t x) {
  return static_cast<float>(hash(x) >> 8U) / 16777216.F;
}
[[nodiscard]] inline float hash01(int x, int y, std::uint32_t seed) {
  return hash01(static_cast<std::uint32_t>(x) * 73856093U ^
                static_cast<std::uint32_t>(y) * 19349663U ^ seed * 83492791U);
}
/// Value noise, 0..1, one bump a unit.
[[nodiscard]] inline float noise(float x, float y, std::uint32_t seed) {
  const float fx = std::floor(x);
  const float fy = std::floor(y);
  const int ix = static_cast<int>(fx);
  const int iy = static_cast<int>(fy);
  const float u = smooth(0, 1, x - fx);
  const float v = smooth(0, 1, y - fy);
  const float top = lerp(hash01(ix, iy, seed), hash01(ix + 1, iy, seed), u);
  const float bottom = lerp(hash01(ix, iy + 1, seed), hash01(ix + 1, iy + 1, seed), u);
  return lerp(top, bottom, v);
}

[[nodiscard]] inline Color mix(const Color& a, const Color& b, float t) {
  return {lerp(a.r, b.r, t), lerp(a.g, b.g, t), lerp(a.b, b.b, t)};
}
[[nodiscard]] inline Color scaled(const Color& c, float k) { return {c.r * k, c.g * k, c.b * k}; }

/// A colour with coverage, not premultiplied.
struct Paint {
  Color color;
  float alpha = 0;

  /// Lays `over` on top with this much coverage.
  void cover(const Color& over, float coverage) {
    if (coverage <= 0) return;
    const float out = coverage + alpha * (1 - coverage);
    color = mix(color, over, coverage / out);
    alpha = out;
  }
};

}  // namespace surveillx::demo
