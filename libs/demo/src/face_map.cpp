#include "face_map.hpp"

#include <cstddef>

namespace surveillx::demo {
namespace {

/// Works out one face, feature by feature.
class Features {
 public:
  Features(const Person& person, float smile, float soft)
      : p_(person),
        smile_(smile),
        soft_(soft),
        nose_y_(person.eye_y + person.nose_length),
        brow_y_(person.eye_y - person.brow_gap),
        mouth_width_(person.mouth_width * (1 + 0.16F * smile)) {}

  /// Height of the skin over the smooth head; its slope makes the shading.
  [[nodiscard]] float height(float x, float y) const {
    const float ax = std::abs(x);
    const float down = smooth(p_.eye_y - 0.1F, nose_y_ - 0.03F, y);
    const float ridge = p_.nose_width * (0.34F + 0.36F * down);
    float h =
        0.17F * down * (1 - smooth(nose_y_ + 0.01F, nose_y_ + 0.09F, y)) * bell(x, 0, ridge, 1);
    h += 0.05F * bell(ax - p_.nose_width * 0.72F, y - nose_y_ - 0.01F, 0.05F, 0.055F);
    h += 0.035F * bell(ax - p_.eye_gap * 0.95F, y - brow_y_ + 0.01F, 0.17F, 0.06F);
    h -= 0.05F * bell(ax - p_.eye_gap, y - p_.eye_y, 0.16F, 0.10F);
    h += 0.03F * bell(ax - p_.eye_gap, y - p_.eye_y, 0.09F, 0.06F);
    h += (0.035F + 0.03F * smile_) * bell(ax - 0.40F, y - p_.eye_y - 0.28F, 0.15F, 0.14F);
    h += 0.03F * p_.lip_fullness * bell(x, y - p_.mouth_y + 0.025F, mouth_width_ * 0.6F, 0.035F);
    h += 0.035F * p_.lip_fullness * bell(x, y - p_.mouth_y - 0.05F, mouth_width_ * 0.5F, 0.04F);
    h -= 0.03F * bell(x, y - p_.mouth_y - 0.14F, 0.16F, 0.04F);
    h += 0.05F * bell(x, y - 0.89F, 0.17F, 0.10F);
    return h;
  }

  [[nodiscard]] FaceMap::Texel paint(float x, float y) const {
    FaceMap::Texel t;
    t.color = skin(x, y);
    t.gloss = 1;
    paint_nose(x, y, t);
    paint_mouth(x, y, t);
    paint_eye(x, y, t);
    paint_beard(x, y, t);
    paint_brow(x, y, t);
    const float hair =
        p_.hair == Hair::bald
            ? 0.F
            : 1 - smooth(-0.03F, 0.03F,
                         y - hairline_at(p_, x) - 0.05F * (noise(x * 22, y * 3, 5) - 0.5F));
    if (hair > 0) {
      t.color = mix(t.color, hair_at(p_, x, y), hair);
      t.gloss *= 1 - hair;
    }
    return t;
  }

 private:
  [[nodiscard]] Color dark(float k) const { return scaled(p_.skin, k); }

  [[nodiscard]] Color skin(float x, float y) const {
    const float ax = std::abs(x);
    // Everybody's skin has spots of its own, too faint to catch the eye, but there for engines that
    // compare textures: they keep their places in any light.
    const float luma = 0.3F * p_.skin.r + 0.59F * p_.skin.g + 0.11F * p_.skin.b;
    const float depth = std::min(0.26F, 0.095F / luma);  // As clear on dark skin as on light.
    Color c = scaled(p_.skin, 0.97F + depth * (noise(x * 11, y * 11, p_.skin_pattern) - 0.5F) +
                                  0.05F * (noise(x * 5, y * 5, p_.skin_pattern + 7) - 0.5F));
    const Color blush{std::min(1.F, p_.skin.r * 1.04F), p_.skin.g * 0.80F, p_.skin.b * 0.80F};
    c = mix(c, blush, 0.5F * bell(ax - 0.38F, y - p_.eye_y - 0.30F, 0.15F, 0.13F));
    c = mix(c, blush, 0.35F * bell(x, y - nose_y_, 0.10F, 0.08F));
    c = mix(c, dark(0.62F), 0.40F * bell(ax - p_.eye_gap, y - p_.eye_y - 0.01F, 0.15F, 0.085F));
    c = mix(c, dark(0.66F),
            0.45F * bell(ax - p_.eye_gap * 0.55F, y - p_.eye_y + 0.01F, 0.06F, 0.09F));
    // Sides of the nose and what lies in its shadow.
    c = mix(c, dark(0.70F),
            0.35F * bell(ax - p_.nose_width * 0.8F, y - nose_y_ + 0.12F, 0.035F, 0.14F));
    c = mix(c, dark(0.60F), 0.30F * bell(x, y - nose_y_ - 0.10F, 0.13F, 0.03F));
    c = mix(c, dark(0.66F), 0.35F * bell(x, y - p_.mouth_y - 0.15F, 0.15F, 0.03F));
    const float fold = ax - p_.nose_width - 0.06F -
                       (mouth_width_ - p_.nose_width) * smooth(nose_y_, p_.mouth_y + 0.04F, y);
    const float folds = within(0.014F, 0.014F, fold) * smooth(nose_y_ - 0.04F, nose_y_ + 0.05F, y) *
                        (1 - smooth(p_.mouth_y - 0.02F, p_.mouth_y + 0.08F, y));
    c = mix(c, dark(0.62F), folds * std::min(0.7F, 0.15F + 0.25F * smile_ + 0.5F * p_.wrinkles));
    if (p_.wrinkles > 0) {
      const float lines = std::max(0.F, std::sin(y * 95)) *
                          bell(x, y - (p_.hairline + brow_y_) * 0.5F, 0.28F, 0.09F);
      const float feet = std::max(0.F, std::sin((y - p_.eye_y) * 120)) *
                         bell(ax - p_.eye_gap - 0.22F, y - p_.eye_y - 0.02F, 0.05F, 0.06F);
      c = mix(c, dark(0.60F), 0.5F * p_.wrinkles * (lines + feet));
    }
    if (p_.freckles > 0) c = freckle(c, x, y);
    return c;
  }

  [[nodiscard]] Color freckle(Color c, float x, float y) const {
    constexpr float kCell = 0.047F;
    const float where = bell(std::abs(x) - 0.30F, y - p_.eye_y - 0.24F, 0.20F, 0.13F) +
                        bell(x, y - p_.eye_y - 0.2F, 0.2F, 0.1F);
    const int cx = static_cast<int>(std::floor(x / kCell));
    const int cy = static_cast<int>(std::floor(y / kCell));
    for (int j = cy - 1; j <= cy + 1; ++j) {
      for (int i = cx - 1; i <= cx + 1; ++i) {
        if (hash01(i, j, 11) > 0.62F) continue;
        const float dx = x - (static_cast<float>(i) + hash01(i, j, 12)) * kCell;
        const float dy = y - (static_cast<float>(j) + hash01(i, j, 13)) * kCell;
        const float radius = 0.008F + 0.009F * hash01(i, j, 14);
        const float spot = 1 - smooth(radius * 0.5F, radius + soft_, length(dx, dy));
        c = mix(c, {p_.skin.r * 0.62F, p_.skin.g * 0.46F, p_.skin.b * 0.38F},
                spot * std::min(1.F, where * 1.4F) * p_.freckles * 0.5F);
      }
    }
    return c;
  }

  void paint_nose(float x, float y, FaceMap::Texel& t) const {
    const float ax = std::abs(x);
    const float nostril = ellipse(ax - p_.nose_width * 0.48F, y - nose_y_ - 0.055F,
                                  p_.nose_width * 0.30F, 0.022F, 0.012F);
    t.color = mix(t.color, dark(0.30F), 0.8F * nostril);
    const float wing = within(0.009F, 0.012F,
                              length((ax - p_.nose_width * 0.62F) / 1.0F, y - nose_y_ - 0.005F) -
                                  p_.nose_width * 0.42F) *
                       smooth(0, 0.03F, ax - p_.nose_width * 0.75F) *
                       smooth(0.1F, 0.02F, std::abs(y - nose_y_));
    t.color = mix(t.color, dark(0.55F), 0.5F * wing);
  }

  void paint_mouth(float x, float y, FaceMap::Texel& t) const {
    const float u = x / mouth_width_;
    const float q = 1 - u * u;
    if (q <= -0.3F) return;
    const float in = std::max(0.F, q);
    // Corners rise with a smile, which also parts the lips a little.
    const float line = p_.mouth_y + smile_ * (0.045F - 0.11F * u * u);
    const float open = std::max(0.F, smile_ - 0.45F) * 0.11F * in;
    const float bow = 0.008F * (1 - std::min(1.F, std::abs(std::abs(u) - 0.22F) * 4));
    const float upper = (0.048F * p_.lip_fullness + bow) * std::pow(in, 0.8F);
    const float lower = 0.068F * p_.lip_fullness * std::sqrt(in);
    const float d = y - line;
    const float ends = smooth(-0.02F, 0.06F, q);
    const float lip_up =
        smooth(-upper - 0.008F, -upper + 0.008F, d) * (1 - smooth(-0.006F, 0.006F, d));
    const float lip_down = smooth(open - 0.006F, open + 0.006F, d) *
                           (1 - smooth(open + lower - 0.010F, open + lower + 0.010F, d));
    t.color = mix(t.color, scaled(p_.lip_color, 0.86F), lip_up * ends);
    t.color = mix(t.color, p_.lip_color, lip_down * ends);
    const float teeth = smooth(-0.004F, 0.004F, d) * (1 - smooth(open - 0.004F, open + 0.004F, d));
    if (open > 0.006F) {
      const Color tooth =
          mix({0.93F, 0.91F, 0.87F}, {0.35F, 0.12F, 0.12F}, smooth(0.6F, 0.98F, std::abs(u)));
      t.color = mix(t.color, tooth, teeth * ends);
    }
    const float seam = within(0.006F, 0.010F, d) + 0.7F * within(0.004F, 0.008F, d - open);
    t.color = mix(t.color, dark(0.28F), std::min(1.F, 0.75F * seam) * smooth(-0.12F, 0.02F, q));
    t.color =
        mix(t.color, dark(0.45F), 0.5F * bell(std::abs(u) - 1.03F, (y - line) / 0.03F, 0.06F, 1));
  }

  void paint_eye(float x, float y, FaceMap::Texel& t) const {
    const float gx = std::abs(x) - p_.eye_gap;
    const float u = gx / p_.eye_width;
    if (std::abs(u) > 1.7F || std::abs(y - p_.eye_y) > 0.25F) return;
    const float q = 1 - u * u;
    const float in = std::max(0.F, q);
    const float d = y - p_.eye_y + p_.eye_slant * gx;
    const float squint = 1 - 0.28F * smile_;
    const float up = -p_.eye_height * 1.05F * std::pow(in, 0.75F) * squint;
    const float low = p_.eye_height * 0.72F * in * (1 - 0.25F * smile_);
    const float opening = smooth(up - soft_, up + soft_, d) *
                          (1 - smooth(low - soft_, low + soft_, d)) * smooth(0, 0.05F, q);
    Color eye = mix({0.93F, 0.92F, 0.90F}, {0.72F, 0.68F, 0.66F}, smooth(0.5F, 1.F, std::abs(u)));
    const float radius = p_.eye_height * 0.98F;
    const float r = length(gx, d + p_.eye_height * 0.12F);
    const Color ring = scaled(p_.eye_color, 0.45F);
    eye = mix(eye, mix(p_.eye_color, ring, smooth(radius * 0.55F, radius, r)),
              1 - smooth(radius - soft_, radius + soft_, r));
    eye = mix(eye, {0.03F, 0.03F, 0.04F},
              1 - smooth(radius * 0.46F - soft_, radius * 0.46F + soft_, r));
    const float spark =
        length(x - (x > 0 ? p_.eye_gap : -p_.eye_gap) + radius * 0.3F, d + p_.eye_height * 0.45F);
    eye =
        mix(eye, {1, 1, 1}, 0.9F * (1 - smooth(radius * 0.12F, radius * 0.12F + 2 * soft_, spark)));
    eye =
        scaled(eye, 0.72F + 0.28F * smooth(0, p_.eye_height * 0.6F, d - up));  // Shade of the lid.
    t.color = mix(t.color, eye, opening);

    const float ends = smooth(-0.10F, 0.05F, q);
    const Color lash =
        scaled(p_.hair == Hair::bald ? Color{0.1F, 0.08F, 0.07F} : p_.hair_color, 0.35F);
    t.color = mix(t.color, lash, 0.92F * within(0.011F, 0.010F, d - up + 0.004F) * ends);
    t.color = mix(t.color, dark(0.42F), 0.45F * within(0.005F, 0.010F, d - low) * ends);
    t.color = mix(t.color, dark(0.50F),
                  0.55F * within(0.007F, 0.010F, d - up + 0.034F + 0.012F * q) * ends);
  }

  void paint_brow(float x, float y, FaceMap::Texel& t) const {
    const float u = (std::abs(x) - p_.eye_gap * 0.98F) / 0.175F;
    if (std::abs(u) > 1.15F) return;
    const float middle = brow_y_ - 0.035F * (1 - u * u) - p_.brow_slant * 0.14F * (u);
    const float thick =
        p_.brow_thickness * (0.85F - 0.35F * u) * std::sqrt(std::max(0.F, 1.05F - u * u));
    const float strokes = 0.80F + 0.35F * (noise(x * 70 + y * 30, y * 18, 4) - 0.5F);
    const float brow = within(thick * 0.5F, 0.012F, y - middle) * smooth(1.12F, 0.9F, std::abs(u));
    const Color base = p_.hair == Hair::bald ? Color{0.2F, 0.14F, 0.1F} : p_.hair_color;
    t.color = mix(t.color, scaled(base, 0.72F), std::min(1.F, brow * strokes));
  }

  void paint_beard(float x, float y, FaceMap::Texel& t) const {
    if (p_.beard == Beard::none) return;
    const float ax = std::abs(x);
    const float ragged = 0.05F * (noise(x * 26, y * 26, 8) - 0.5F);
    const float lip_top = p_.mouth_y - 0.055F * p_.lip_fullness;
    const float lip_bottom = p_.mouth_y + 0.075F * p_.lip_fullness + 0.03F * smile_;
    const float moustache =
        smooth(-0.025F, 0.02F,
               y - nose_y_ - 0.095F + 0.4F * (ax > 0.15F ? ax - 0.15F : 0) * 0.2F + ragged) *
        (1 - smooth(-0.01F, 0.02F, y - lip_top - 0.25F * ax * ax + ragged * 0.3F)) *
        within(mouth_width_ * 1.05F, 0.035F, x + ragged);
    const float cheek_line = nose_y_ + 0.17F - 0.95F * std::max(0.F, ax - 0.27F) + ragged;
    const float lips = ellipse(x, y - (lip_top + lip_bottom) * 0.5F, mouth_width_ * 1.06F,
                               (lip_bottom - lip_top) * 0.62F, 0.025F);
    const float jaw = smooth(-0.03F, 0.04F, y - cheek_line) * (1 - lips);
    const float chin = ellipse(x, y - (lip_bottom + 0.98F) * 0.5F - 0.02F, 0.25F + ragged,
                               (1.04F - lip_bottom) * 0.5F, 0.03F);
    float amount = 0;
    switch (p_.beard) {
      case Beard::none:
        break;
      case Beard::stubble:
        amount = 0.38F * std::max(jaw, moustache);
        break;
      case Beard::moustache:
        amount = moustache;
        break;
      case Beard::goatee:
        amount = std::max(moustache, chin * (1 - lips));
        break;
      case Beard::full:
        amount = std::max(jaw, moustache);
        break;
    }
    const float strands = 0.78F + 0.5F * (noise(x * 48, y * 17, 9) - 0.3F);
    t.color = mix(t.color, scaled(p_.hair_color, strands * 0.9F), amount * 0.94F);
    t.gloss *= 1 - amount;
  }

  const Person& p_;
  float smile_;
  float soft_;
  float nose_y_;
  float brow_y_;
  float mouth_width_;
};

}  // namespace

float hairline_at(const Person& p, float x) {
  const float ax = std::abs(x);
  // Temples, then sideburns beside the ears.
  const float sides = 0.62F * smooth(0.40F, 0.74F, ax);
  switch (p.hair) {
    case Hair::bald:
      return -2;
    case Hair::cropped:
      return p.hairline + sides * 0.85F + 0.05F * smooth(0.25F, 0.F, ax);
    case Hair::fringe:
      return p.hairline + 0.17F + 0.02F * std::sin(x * 23) + sides * 0.7F;
    case Hair::side_parting:
      return p.hairline + 0.22F * smooth(-0.28F, 0.45F, x) * smooth(0.75F, 0.4F, x) -
             0.05F * bell(x + 0.28F, 0, 0.06F, 1) + sides;
    case Hair::curly:
      return p.hairline + 0.05F * std::sin(x * 19) + 0.03F * std::sin(x * 41 + 1) + sides;
    case Hair::bob:
      return p.hairline + 0.05F + 1.5F * smooth(0.44F, 0.70F, ax);
    case Hair::long_straight:
      return p.hairline - 0.06F + 1.15F * std::pow(ax, 1.35F);
    case Hair::bun:
      return p.hairline - 0.02F + sides * 0.65F;
  }
  return p.hairline;
}

Color hair_at(const Person& p, float x, float y) {
  if (p.hair == Hair::curly) {
    return scaled(p.hair_color,
                  0.55F + 0.95F * noise(x * 15, y * 15, 3) * noise(x * 31, y * 31, 6) * 2);
  }
  const float strand = noise(x * 34, y * 4, 3) + 0.5F * noise(x * 80, y * 6, 6);
  return scaled(p.hair_color, 0.62F + 0.52F * strand);
}

FaceMap::Packed FaceMap::pack(const Texel& t) {
  const auto byte = [](float v) {
    return static_cast<std::uint8_t>(std::clamp(v, 0.F, 1.F) * 255 + 0.5F);
  };
  const auto lean = [](float v) {
    return static_cast<std::int16_t>(std::clamp(v * kLeanScale, -32767.F, 32767.F));
  };
  return {byte(t.color.r), byte(t.color.g), byte(t.color.b),
          byte(t.gloss),   lean(t.lean_x),  lean(t.lean_y)};
}

FaceMap::Texel FaceMap::unpack(const Packed& p) {
  constexpr float kByte = 1.F / 255;
  constexpr float kLean = 1.F / kLeanScale;
  return {{static_cast<float>(p.r) * kByte, static_cast<float>(p.g) * kByte,
           static_cast<float>(p.b) * kByte},
          static_cast<float>(p.lean_x) * kLean,
          static_cast<float>(p.lean_y) * kLean,
          static_cast<float>(p.gloss) * kByte};
}

FaceMap::FaceMap(const Person& person, float smile, int resolution)
    : resolution_(resolution),
      side_(static_cast<int>(2 * kReach * static_cast<float>(resolution))) {
  const float step = 1.F / static_cast<float>(resolution);
  const Features features(person, smile, std::max(0.006F, step));
  const auto index = [this](int x, int y) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(side_) +
           static_cast<std::size_t>(x);
  };
  const auto place = [&](int i) { return (static_cast<float>(i) + 0.5F) * step - kReach; };
  std::vector<float> heights(index(0, side_));
  for (int j = 0; j < side_; ++j) {
    for (int i = 0; i < side_; ++i) heights[index(i, j)] = features.height(place(i), place(j));
  }
  texels_.resize(heights.size());
  for (int j = 0; j < side_; ++j) {
    for (int i = 0; i < side_; ++i) {
      Texel t = features.paint(place(i), place(j));
      if (i > 0 && i + 1 < side_ && j > 0 && j + 1 < side_) {
        t.lean_x = (heights[index(i - 1, j)] - heights[index(i + 1, j)]) / (2 * step);
        t.lean_y = (heights[index(i, j - 1)] - heights[index(i, j + 1)]) / (2 * step);
      }
      texels_[index(i, j)] = pack(t);
    }
  }
}

FaceMap::Texel FaceMap::at(float x, float y) const {
  const float limit = static_cast<float>(side_) - 1.001F;
  const float fx = std::clamp((x + kReach) * static_cast<float>(resolution_) - 0.5F, 0.F, limit);
  const float fy = std::clamp((y + kReach) * static_cast<float>(resolution_) - 0.5F, 0.F, limit);
  const int ix = static_cast<int>(fx);
  const int iy = static_cast<int>(fy);
  const float u = fx - static_cast<float>(ix);
  const float v = fy - static_cast<float>(iy);
  const auto between = [](const Texel& a, const Texel& b, float k) {
    return Texel{mix(a.color, b.color, k), lerp(a.lean_x, b.lean_x, k), lerp(a.lean_y, b.lean_y, k),
                 lerp(a.gloss, b.gloss, k)};
  };
  const auto corner = [this](int cx, int cy) { return unpack(texel(cx, cy)); };
  return between(between(corner(ix, iy), corner(ix + 1, iy), u),
                 between(corner(ix, iy + 1), corner(ix + 1, iy + 1), u), v);
}

}  // namespace surveillx::demo
