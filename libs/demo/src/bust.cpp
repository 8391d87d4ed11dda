#include "bust.hpp"

#include <optional>

namespace surveillx::demo {
namespace {

struct Vector {
  float x = 0;
  float y = 0;
  float z = 0;
};

Vector normalized(const Vector& v) {
  const float k = 1 / std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
  return {v.x * k, v.y * k, v.z * k};
}
float dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

/// A point of the head: where the viewer's line of sight meets it.
struct Hit {
  Vector face;    ///< In the face's own axes: x to its right in the picture, y down, z outwards.
  Vector normal;  ///< In the picture's axes.
};

class Bust {
 public:
  Bust(const Person& person, const FaceMap& face, const Pose& pose, const Light& light)
      : p_(person),
        face_(face),
        cos_(std::cos(pose.yaw)),
        sin_(std::sin(pose.yaw)),
        pitch_(std::tan(pose.pitch)),
        tilt_cos_(std::cos(pose.tilt)),
        tilt_sin_(std::sin(pose.tilt)),
        brightness_(light.brightness),
        light_(normalized({light.direction, -0.45F, 0.85F})) {}

  [[nodiscard]] Paint at(float x, float y) const {
    // The head leans around the neck; shoulders stay.
    const float dx = x;
    const float dy = y - 0.8F;
    const float hx = tilt_cos_ * dx + tilt_sin_ * dy;
    const float hy = -tilt_sin_ * dx + tilt_cos_ * dy + 0.8F;
    Paint out;
    paint_back_hair(hx, hy, out);
    paint_body(x, y, out);
    paint_ears(hx, hy, out);
    paint_head(hx, hy, out);
    paint_hair(hx, hy, out);
    paint_glasses(hx, hy, out);
    return out;
  }

 private:
  /// The ellipsoid (with the jaw's taper) of this much more than the head's size.
  [[nodiscard]] std::optional<Hit> meet(float x, float y, float grow, float lift) const {
    const float ry = grow;
    const float v = (y + lift) / ry;
    const float k = 1 - v * v;
    if (k <= 0) return std::nullopt;
    const float taper = 1 - (p_.jaw + 0.05F) * std::pow(smooth(-0.20F, 1.05F, v), 1.5F);
    const float a = p_.face_width * grow * taper * square(v);
    const float b = 0.86F * grow * taper;
    const float qa = sin_ * sin_ / (a * a) + cos_ * cos_ / (b * b);
    const float qb = 2 * x * cos_ * sin_ * (1 / (b * b) - 1 / (a * a));
    const float qc = x * x * (cos_ * cos_ / (a * a) + sin_ * sin_ / (b * b)) - k;
    const float disc = qb * qb - 4 * qa * qc;
    if (disc <= 0) return std::nullopt;
    const float z = (-qb + std::sqrt(disc)) / (2 * qa);
    Hit hit;
    hit.face = {x * cos_ - z * sin_, y, x * sin_ + z * cos_};
    const float nx = hit.face.x / (a * a);
    const float nz = hit.face.z / (b * b);
    hit.normal = normalized({nx * cos_ + nz * sin_, v / ry, -nx * sin_ + nz * cos_});
    return hit;
  }
  /// Heads are a little squarer than ellipses: this widens them between crown and cheeks.
  [[nodiscard]] static float square(float v) {
    return 1 + 0.10F * bell(std::abs(v) - 0.55F, 0, 0.3F, 1);
  }

  [[nodiscard]] float lit(const Vector& normal) const {
    return brightness_ * (0.46F + 0.60F * std::max(0.F, dot(normal, light_)));
  }

  void paint_head(float x, float y, Paint& out) const {
    const std::optional<Hit> hit = meet(x, y, 1, 0);
    if (!hit) return;
    // Looking down or up moves what is in front, not the outline.
    const float fy = hit->face.y - pitch_ * std::max(0.F, hit->face.z);
    FaceMap::Texel t;
    if (hit->face.z > 0) {
      t = face_.at(hit->face.x, fy);
    } else {
      t.color = p_.hair == Hair::bald ? p_.skin : hair_at(p_, hit->face.x, fy);
    }
    // Features are drawn as seen from the front; towards the side they would smear.
    const float front = smooth(0.05F, 0.35F, hit->face.z);
    const Vector lean{t.lean_x * cos_ * front, t.lean_y * front, -t.lean_x * sin_ * front};
    const Vector n =
        normalized({hit->normal.x + lean.x, hit->normal.y + lean.y, hit->normal.z + lean.z});
    Color c = scaled(t.color, lit(n));
    const Vector half = normalized({light_.x, light_.y, light_.z + 1});
    const float shine = 0.10F * t.gloss * std::pow(std::max(0.F, dot(n, half)), 18.F) * brightness_;
    c = {c.r + shine, c.g + shine, c.b + shine};
    out.cover(c, 1);
  }

  void paint_ears(float x, float y, Paint& out) const {
    if (p_.hair == Hair::bob || p_.hair == Hair::long_straight) return;
    for (const float side : {-1.F, 1.F}) {
      const float cx = side * p_.face_width * 1.0F * cos_ - 0.05F * sin_;
      const float ear = ellipse(x - cx, y - 0.08F - 0.12F * side * (x - cx), 0.10F, 0.20F, 0.02F);
      const float inner = ellipse(x - cx - side * 0.02F, y - 0.07F, 0.05F, 0.12F, 0.03F);
      const float shade = lit(normalized({side * 0.5F, -0.1F, 0.8F}));
      out.cover(mix(scaled(p_.skin, 0.92F * shade), scaled(p_.skin, 0.62F * shade), inner), ear);
    }
  }

  void paint_hair(float x, float y, Paint& out) const {
    if (p_.hair == Hair::bald) return;
    float grow = 1.055F;
    float low_back = 0.30F;
    switch (p_.hair) {
      case Hair::bald:
        break;
      case Hair::cropped:
        grow = 1.035F;
        low_back = 0.2F;
        break;
      case Hair::fringe:
        grow = 1.08F;
        break;
      case Hair::side_parting:
        grow = 1.085F;
        break;
      case Hair::curly: {
        const float angle = std::atan2(y + 0.1F, x);
        grow = 1.15F + 0.07F * (noise(angle * 9 + 40, 0, 21) - 0.5F) +
               0.05F * (noise(angle * 23 + 90, 0, 22) - 0.5F);
        break;
      }
      case Hair::bob:
        grow = 1.12F;
        low_back = 0.72F;
        break;
      case Hair::long_straight:
        grow = 1.09F;
        low_back = 1.2F;
        break;
      case Hair::bun:
        grow = 1.05F;
        break;
    }
    if (p_.hair == Hair::bun) {
      const float bun = ellipse(x + 0.1F * sin_, y + 1.16F, 0.30F, 0.27F, 0.02F);
      out.cover(
          scaled(hair_at(p_, x * 1.6F, y * 4), lit(normalized({x * 2, (y + 1.16F) * 2.5F, 0.8F}))),
          bun);
    }
    const std::optional<Hit> hit = meet(x, y, grow, 0.03F);
    if (!hit) return;
    const float fy = hit->face.y - pitch_ * std::max(0.F, hit->face.z);
    const float wave = 0.05F * (noise(hit->face.x * 22, fy * 3, 5) - 0.5F);
    // In front, hair ends at the hairline; towards the back it reaches lower.
    const float line =
        lerp(low_back, hairline_at(p_, hit->face.x) - 0.01F, smooth(-0.05F, 0.12F, hit->face.z));
    const float cover = 1 - smooth(-0.02F, 0.02F, fy - line - wave);
    if (cover <= 0) return;
    const Color c = hair_at(p_, hit->face.x + 0.4F * hit->face.z, fy);
    const float sheen = 0.10F * bell(dot(hit->normal, light_) - 0.86F, 0, 0.10F, 1);
    Color shaded = scaled(c, lit(hit->normal));
    shaded = {shaded.r + sheen, shaded.g + sheen, shaded.b + sheen};
    out.cover(shaded, cover);
  }

  void paint_back_hair(float x, float y, Paint& out) const {
    float half = 0;
    float bottom = 0;
    if (p_.hair == Hair::long_straight) {
      half = p_.face_width * 1.2F;
      bottom = 1.75F;
    } else if (p_.hair == Hair::bob) {
      half = p_.face_width * 1.24F;
      bottom = 0.80F;
    } else {
      return;
    }
    const float crown = std::min(0.F, y) / 1.10F;
    const float flare =
        half * std::sqrt(std::max(0.F, 1 - crown * crown)) + 0.06F * smooth(0, bottom, y);
    const float ends = bottom + 0.05F * noise(x * 14, 0, 31) - 0.10F * x * x;
    const float cover =
        within(flare, 0.02F, x) * smooth(-1.08F, -1.02F, y) * (1 - smooth(-0.03F, 0.03F, y - ends));
    const float shade = lit(normalized({x * 0.9F, 0, 0.7F})) * 0.8F;
    out.cover(scaled(hair_at(p_, x, y), shade), cover);
  }

  void paint_body(float x, float y, Paint& out) const {
    const float neck_width = 0.36F * p_.face_width / 0.74F + 0.14F * smooth(1.0F, 1.35F, y);
    const float neck = within(neck_width, 0.015F, x) * smooth(0.4F, 0.45F, y);
    const float round = x / neck_width;
    const float throat = lit(normalized({round * 0.9F, 0.15F, 0.9F})) *
                         (0.62F + 0.38F * smooth(0.95F, 1.30F, y - 0.1F * x * x));
    out.cover(scaled(p_.skin, throat), neck);

    // Shoulders: flat between the neck and the arms, round at their ends.
    const float ax = std::abs(x);
    const float top = 1.16F + 0.16F * smooth(0.3F, 1.2F, ax) +
                      0.75F * std::pow(std::max(0.F, ax - 0.95F), 2.F) * 4.5F;
    const float arm = within(1.52F, 0.015F, x);
    const float collar = 0.36F * (1 - smooth(0.F, 0.42F, ax));
    const float cloth = smooth(-0.012F, 0.012F, y - top - collar) * arm;
    if (cloth <= 0) return;
    const float fold = 0.94F + 0.10F * noise(x * 3, y * 2, 41) + 0.04F * noise(x * 60, y * 60, 42);
    const Vector n = normalized({x * 0.55F, -0.25F + 0.3F * smooth(1.3F, 2.2F, y), 0.9F});
    const float hem = within(0.025F, 0.012F, y - top - collar) * (1 - smooth(0.40F, 0.45F, ax));
    out.cover(scaled(p_.shirt, lit(n) * fold * (1 - 0.3F * hem)), cloth);
  }

  void paint_glasses(float x, float y, Paint& out) const {
    if (p_.glasses == Glasses::none) return;
    const float z = 0.80F;
    const float fx = (x - z * sin_) / cos_;
    const float fy = y - pitch_ * z - p_.eye_y - 0.02F;
    const float gx = std::abs(fx) - p_.eye_gap - 0.015F;
    float distance = 0;  // From the rim's line, negative inside.
    if (p_.glasses == Glasses::round) {
      distance = length(gx, fy) - 0.205F;
    } else {
      const float qx = std::max(0.F, std::abs(gx) - 0.165F);
      const float qy = std::max(0.F, std::abs(fy) - 0.095F);
      distance = length(qx, qy) - 0.06F;
    }
    const float lens = 1 - smooth(-0.01F, 0.01F, distance);
    const float streak = within(0.05F, 0.04F, gx * 0.8F + fy + 0.05F);
    out.cover({0.95F * brightness_, 0.97F * brightness_, brightness_},
              lens * (0.05F + 0.07F * streak));
    const float rim = within(0.020F, 0.008F, distance);
    const float bridge = within(0.017F, 0.008F, fy + 0.05F + 0.25F * fx * fx) *
                         within(p_.eye_gap - 0.18F, 0.01F, fx);
    out.cover(scaled(p_.glasses_color, 0.6F + 0.4F * brightness_), std::max(rim, bridge));
    // Their arms, back to the ears along the side of the head.
    const std::optional<Hit> hit = meet(x, y, 1.02F, 0);
    if (!hit || hit->face.z > 0.62F || hit->face.z < -0.1F) return;
    const float arm = within(0.016F, 0.008F, hit->face.y - p_.eye_y + 0.02F);
    out.cover(scaled(p_.glasses_color, 0.6F + 0.4F * brightness_),
              arm * smooth(0, 0.02F, std::abs(hit->face.x) - p_.eye_gap - 0.2F));
  }

  const Person& p_;
  const FaceMap& face_;
  float cos_;
  float sin_;
  float pitch_;
  float tilt_cos_;
  float tilt_sin_;
  float brightness_;
  Vector light_;
};

std::uint8_t to_byte(float v) {
  return static_cast<std::uint8_t>(std::clamp(v, 0.F, 1.F) * 255.F + 0.5F);
}

void write(std::uint8_t* out, const Paint& paint) {
  out[0] = to_byte(std::min(1.F, paint.color.b) * paint.alpha);
  out[1] = to_byte(std::min(1.F, paint.color.g) * paint.alpha);
  out[2] = to_byte(std::min(1.F, paint.color.r) * paint.alpha);
  out[3] = to_byte(paint.alpha);
}

bool differ(const Paint& a, const Paint& b) {
  constexpr float kVisible = 0.09F;
  return std::abs(a.alpha - b.alpha) > kVisible ||
         std::abs(a.color.g * a.alpha - b.color.g * b.alpha) > kVisible;
}

}  // namespace

Sprite draw_bust(const Person& person, const FaceMap& face, const Pose& pose, const Light& light,
                 float unit) {
  Sprite sprite;
  sprite.width = static_cast<int>((BustFrame::kRight - BustFrame::kLeft) * unit);
  const int width = sprite.width;
  const int height = static_cast<int>((BustFrame::kBottom - BustFrame::kTop) * unit);
  const Bust bust(person, face, pose, light);
  const auto place = [unit](int i, float part, float from) {
    return (static_cast<float>(i) + part) / unit + from;
  };
  std::vector<Paint> centres;
  centres.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (int j = 0; j < height; ++j) {
    for (int i = 0; i < width; ++i) {
      centres.push_back(bust.at(place(i, 0.5F, BustFrame::kLeft), place(j, 0.5F, BustFrame::kTop)));
    }
  }
  const auto centre = [&](int i, int j) -> const Paint& {
    return centres[static_cast<std::size_t>(std::clamp(j, 0, height - 1)) *
                       static_cast<std::size_t>(width) +
                   static_cast<std::size_t>(std::clamp(i, 0, width - 1))];
  };
  const auto pixel = [&](int i, int j) {
    const Paint& middle = centre(i, j);
    const bool edge = differ(middle, centre(i - 1, j)) || differ(middle, centre(i + 1, j)) ||
                      differ(middle, centre(i, j - 1)) || differ(middle, centre(i, j + 1));
    if (!edge) return middle;
    // Outlines of the head have no soft edge of their own: nine samples make one.
    Paint sum;
    for (int s = 0; s < 9; ++s) {
      const float x = static_cast<float>(1 + 2 * (s % 3)) / 6;
      const float y = static_cast<float>(1 + 2 * (s / 3)) / 6;
      const Paint paint = bust.at(place(i, x, BustFrame::kLeft), place(j, y, BustFrame::kTop));
      sum.color.r += std::min(1.F, paint.color.r) * paint.alpha;
      sum.color.g += std::min(1.F, paint.color.g) * paint.alpha;
      sum.color.b += std::min(1.F, paint.color.b) * paint.alpha;
      sum.alpha += paint.alpha;
    }
    if (sum.alpha > 0) sum.color = scaled(sum.color, 1 / sum.alpha);
    sum.alpha /= 9;
    return sum;
  };
  std::vector<std::uint8_t> line(static_cast<std::size_t>(width) * 4);
  sprite.rows.reserve(static_cast<std::size_t>(height));
  for (int j = 0; j < height; ++j) {
    int first = width;
    int last = -1;
    for (int i = 0; i < width; ++i) {
      std::uint8_t* const out = line.data() + static_cast<std::ptrdiff_t>(i) * 4;
      write(out, pixel(i, j));
      if (out[3] == 0) continue;
      first = std::min(first, i);
      last = i;
    }
    Sprite::Row row{first, std::max(0, last - first + 1), sprite.pixels.size()};
    sprite.pixels.insert(sprite.pixels.end(), line.begin() + static_cast<std::ptrdiff_t>(first) * 4,
                         line.begin() + static_cast<std::ptrdiff_t>(first + row.width) * 4);
    sprite.rows.push_back(row);
  }
  sprite.pixels.shrink_to_fit();
  return sprite;
}

void blend(const Sprite& sprite, int x, int y, std::uint8_t* bgr, int stride, frame::Size size) {
  if (sprite.rows.empty()) return;
  for (int line = std::max(0, y); line < size.height; ++line) {
    const Sprite::Row& row =
        sprite.rows[static_cast<std::size_t>(std::min(line - y, sprite.height() - 1))];
    const int left = std::max(0, x + row.left);
    const int right = std::min(size.width, x + row.left + row.width);
    if (left >= right) continue;
    const std::uint8_t* from =
        sprite.pixels.data() + row.offset + static_cast<std::ptrdiff_t>(left - x - row.left) * 4;
    std::uint8_t* to =
        bgr + static_cast<std::ptrdiff_t>(line) * stride + static_cast<std::ptrdiff_t>(left) * 3;
    for (int i = left; i < right; ++i, from += 4, to += 3) {
      const unsigned keep = 255U - from[3];
      if (keep == 0) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
        continue;
      }
      for (int c = 0; c < 3; ++c) {
        // A division by 255 that rounds, for products of two bytes.
        const unsigned product = to[c] * keep + 128;
        to[c] = static_cast<std::uint8_t>(
            std::min(255U, from[c] + ((product + (product >> 8U)) >> 8U)));
      }
    }
  }
}

}  // namespace surveillx::demo
