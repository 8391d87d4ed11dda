#include "shading.hpp"

#include <array>
#include <cmath>

namespace surveillx::demo {
namespace {

std::vector<Person> make_people() {
  std::vector<Person> all(8);
  Person& ada = all[0];
  ada.name = "Ada Flint";
  ada.skin = {0.95F, 0.78F, 0.68F};
  ada.hair_color = {0.72F, 0.33F, 0.12F};
  ada.eye_color = {0.25F, 0.45F, 0.32F};
  ada.lip_color = {0.80F, 0.42F, 0.40F};
  ada.shirt = {0.20F, 0.45F, 0.38F};
  ada.hair = Hair::long_straight;
  ada.face_width = 0.70F;
  ada.jaw = 0.36F;
  ada.eye_width = 0.140F;
  ada.eye_height = 0.066F;
  ada.brow_thickness = 0.028F;
  ada.nose_width = 0.105F;
  ada.mouth_width = 0.23F;
  ada.lip_fullness = 1.15F;
  ada.freckles = 1;

  Person& bruno = all[1];
  bruno.name = "Bruno Vale";
  bruno.skin = {0.86F, 0.65F, 0.51F};
  bruno.hair_color = {0.12F, 0.09F, 0.07F};
  bruno.shirt = {0.30F, 0.30F, 0.34F};
  bruno.hair = Hair::side_parting;
  bruno.beard = Beard::full;
  bruno.face_width = 0.79F;
  bruno.jaw = 0.14F;
  bruno.eye_gap = 0.29F;
  bruno.eye_width = 0.118F;
  bruno.eye_height = 0.046F;
  bruno.brow_gap = 0.14F;
  bruno.brow_thickness = 0.068F;
  bruno.nose_length = 0.39F;
  bruno.nose_width = 0.16F;

  Person& chidi = all[2];
  chidi.name = "Chidi Moss";
  chidi.skin = {0.48F, 0.34F, 0.28F};
  chidi.hair_color = {0.06F, 0.05F, 0.05F};
  chidi.eye_color = {0.16F, 0.10F, 0.07F};
  chidi.lip_color = {0.52F, 0.26F, 0.24F};
  chidi.shirt = {0.80F, 0.62F, 0.22F};
  chidi.hair = Hair::cropped;
  chidi.glasses = Glasses::square;
  chidi.face_width = 0.75F;
  chidi.jaw = 0.22F;
  chidi.hairline = -0.60F;
  chidi.eye_gap = 0.315F;
  chidi.nose_width = 0.19F;
  chidi.mouth_width = 0.29F;
  chidi.lip_fullness = 1.6F;
  chidi.brow_thickness = 0.045F;

  Person& dalia = all[3];
  dalia.name = "Dalia Reed";
  dalia.skin = {0.70F, 0.49F, 0.35F};
  dalia.hair_color = {0.10F, 0.07F, 0.06F};
  dalia.eye_color = {0.20F, 0.13F, 0.08F};
  dalia.lip_color = {0.66F, 0.20F, 0.24F};
  dalia.shirt = {0.62F, 0.22F, 0.30F};
  dalia.hair = Hair::bob;
  dalia.face_width = 0.70F;
  dalia.jaw = 0.36F;
  dalia.hairline = -0.42F;
  dalia.eye_gap = 0.30F;
  dalia.eye_width = 0.155F;
  dalia.eye_height = 0.070F;
  dalia.eye_slant = -0.06F;
  dalia.brow_gap = 0.21F;
  dalia.brow_thickness = 0.050F;
  dalia.nose_length = 0.37F;
  dalia.nose_width = 0.12F;
  dalia.mouth_width = 0.22F;
  dalia.lip_fullness = 1.5F;

  Person& emil = all[4];
  emil.name = "Emil Stone";
  emil.skin = {0.93F, 0.74F, 0.66F};
  emil.hair_color = {0.72F, 0.72F, 0.72F};
  emil.eye_color = {0.38F, 0.52F, 0.66F};
  emil.lip_color = {0.70F, 0.45F, 0.43F};
  emil.shirt = {0.55F, 0.60F, 0.68F};
  emil.hair = Hair::bald;
  emil.beard = Beard::moustache;
  emil.face_width = 0.76F;
  emil.jaw = 0.18F;
  emil.eye_gap = 0.28F;
  emil.eye_width = 0.108F;
  emil.eye_height = 0.040F;
  emil.eye_slant = -0.14F;
  emil.brow_slant = -0.2F;
  emil.nose_length = 0.42F;
  emil.nose_width = 0.18F;
  emil.mouth_y = 0.66F;
  emil.lip_fullness = 0.6F;
  emil.wrinkles = 1;

  Person& farah = all[5];
  farah.name = "Farah Quill";
  farah.skin = {0.68F, 0.46F, 0.27F};
  farah.hair_color = {0.20F, 0.11F, 0.07F};
  farah.eye_color = {0.28F, 0.17F, 0.08F};
  farah.lip_color = {0.60F, 0.30F, 0.28F};
  farah.shirt = {0.88F, 0.84F, 0.78F};
  farah.glasses_color = {0.55F, 0.12F, 0.12F};
  farah.hair = Hair::curly;
  farah.glasses = Glasses::round;
  farah.face_width = 0.72F;
  farah.jaw = 0.28F;
  farah.hairline = -0.50F;
  farah.eye_gap = 0.325F;
  farah.eye_width = 0.130F;
  farah.nose_width = 0.15F;
  farah.nose_length = 0.34F;
  farah.mouth_width = 0.28F;
  farah.mouth_y = 0.60F;
  farah.lip_fullness = 1.25F;

  Person& goran = all[6];
  goran.name = "Goran Pike";
  goran.skin = {0.90F, 0.70F, 0.60F};
  goran.hair_color = {0.80F, 0.62F, 0.34F};
  goran.eye_color = {0.30F, 0.45F, 0.62F};
  goran.lip_color = {0.72F, 0.46F, 0.42F};
  goran.shirt = {0.15F, 0.20F, 0.36F};
  goran.hair = Hair::fringe;
  goran.beard = Beard::goatee;
  goran.face_width = 0.67F;
  goran.jaw = 0.20F;
  goran.hairline = -0.52F;
  goran.eye_gap = 0.26F;
  goran.eye_width = 0.112F;
  goran.eye_height = 0.050F;
  goran.brow_thickness = 0.05F;
  goran.brow_slant = 0.25F;
  goran.nose_length = 0.40F;
  goran.nose_width = 0.12F;
  goran.mouth_width = 0.24F;
  goran.lip_fullness = 0.75F;

  Person& hana = all[7];
  hana.name = "Hana Brook";
  hana.skin = {0.97F, 0.84F, 0.72F};
  hana.hair_color = {0.08F, 0.07F, 0.08F};
  hana.eye_color = {0.14F, 0.09F, 0.06F};
  hana.lip_color = {0.82F, 0.48F, 0.48F};
  hana.shirt = {0.46F, 0.34F, 0.60F};
  hana.hair = Hair::bun;
  hana.face_width = 0.82F;
  hana.jaw = 0.20F;
  hana.hairline = -0.60F;
  hana.eye_gap = 0.335F;
  hana.eye_width = 0.132F;
  hana.eye_height = 0.044F;
  hana.eye_slant = 0.16F;
  hana.brow_gap = 0.20F;
  hana.brow_thickness = 0.024F;
  hana.nose_length = 0.31F;
  hana.nose_width = 0.17F;
  hana.mouth_y = 0.58F;
  hana.mouth_width = 0.25F;
  hana.lip_fullness = 1.1F;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].skin_pattern = 101 + 13 * static_cast<std::uint32_t>(i);
  }
  return all;
}

/// How different two faces are, in steps that an eye would call clear.
float distance(const Person& a, const Person& b) {
  const auto color = [](const Color& x, const Color& y) {
    return std::hypot(x.r - y.r, x.g - y.g, x.b - y.b);
  };
  const std::array<float, 11> steps{
      color(a.hair_color, b.hair_color) / 0.4F, a.hair == b.hair ? 0.F : 1.F,
      a.beard == b.beard ? 0.F : 1.2F,          a.glasses == b.glasses ? 0.F : 1.2F,
      (a.face_width - b.face_width) / 0.04F,    (a.jaw - b.jaw) / 0.08F,
      (a.eye_gap - b.eye_gap) / 0.02F,          (a.eye_height - b.eye_height) / 0.01F,
      (a.nose_width - b.nose_width) / 0.03F,    (a.nose_length - b.nose_length) / 0.04F,
      (a.mouth_width - b.mouth_width) / 0.04F,
  };
  float sum = 0;
  for (const float step : steps) sum += step * step;
  return std::sqrt(sum);
}

Person random_person(std::uint32_t seed) {
  std::uint32_t state = hash(seed + 0x51ed27U);
  const auto between = [&state](float low, float high) {
    state = hash(state + 0x9e3779b9U);
    return low + (high - low) * static_cast<float>(state >> 8U) / 16777216.F;
  };
  const auto pick = [&](int count) {
    return static_cast<int>(between(0, static_cast<float>(count) - 0.001F));
  };
  constexpr std::array<Color, 6> kSkins{{{0.94F, 0.80F, 0.76F},
                                         {0.91F, 0.72F, 0.66F},
                                         {0.88F, 0.74F, 0.56F},
                                         {0.82F, 0.64F, 0.56F},
                                         {0.80F, 0.62F, 0.44F},
                                         {0.74F, 0.58F, 0.50F}}};
  constexpr std::array<Color, 6> kHair{{{0.07F, 0.06F, 0.06F},
                                        {0.22F, 0.13F, 0.08F},
                                        {0.42F, 0.26F, 0.14F},
                                        {0.78F, 0.60F, 0.32F},
                                        {0.66F, 0.28F, 0.12F},
                                        {0.62F, 0.62F, 0.63F}}};
  constexpr std::array<Color, 4> kEyes{
      {{0.16F, 0.10F, 0.07F}, {0.32F, 0.20F, 0.10F}, {0.28F, 0.42F, 0.30F}, {0.34F, 0.48F, 0.64F}}};
  Person p;
  p.skin_pattern = 1000 + seed * 17;
  p.skin = kSkins[static_cast<std::size_t>(pick(6))];
  // Light hair goes with light skin; grey goes with every.
  const int shade = pick(p.skin.r > 0.7F ? 6 : 3);
  p.hair_color = kHair[static_cast<std::size_t>(p.skin.r > 0.7F || shade < 2 ? shade : 5)];
  p.eye_color = kEyes[static_cast<std::size_t>(pick(4))];
  p.lip_color = {p.skin.r * between(0.78F, 0.95F), p.skin.g * 0.55F, p.skin.b * 0.6F};
  p.shirt = {between(0.2F, 0.75F), between(0.2F, 0.75F), between(0.2F, 0.75F)};
  p.hair = static_cast<Hair>(pick(8));
  const bool may_have_beard =
      p.hair != Hair::bob && p.hair != Hair::long_straight && p.hair != Hair::bun;
  if (may_have_beard) p.beard = static_cast<Beard>(pick(5));
  p.glasses = static_cast<Glasses>(pick(5) % 3);
  p.face_width = between(0.66F, 0.83F);
  p.jaw = between(0.10F, 0.40F);
  p.hairline = between(-0.66F, -0.40F);
  p.eye_gap = between(0.255F, 0.35F);
  p.eye_width = between(0.105F, 0.152F);
  p.eye_height = between(0.038F, 0.072F);
  p.eye_slant = between(-0.18F, 0.18F);
  p.eye_y = between(-0.06F, 0.03F);
  p.brow_gap = between(0.13F, 0.21F);
  p.brow_thickness = between(0.025F, 0.070F);
  p.brow_slant = between(-0.25F, 0.25F);
  p.nose_length = between(0.30F, 0.42F);
  p.nose_width = between(0.10F, 0.19F);
  p.mouth_y = between(0.57F, 0.67F);
  p.mouth_width = between(0.19F, 0.32F);
  p.lip_fullness = between(0.6F, 1.6F);
  p.freckles = pick(5) == 0 ? 0.9F : 0;
  p.wrinkles = pick(4) == 0 ? 0.8F : 0;
  return p;
}

}  // namespace

const std::vector<Person>& people() {
  static const std::vector<Person> all = make_people();
  return all;
}

Person stranger(std::uint32_t seed) {
  // By features rather than by colour, far enough from everybody known that no engine should take
  // one for the other.
  constexpr float kApart = 4.6F;
  std::uint32_t attempt = seed;
  for (;;) {
    Person candidate = random_person(attempt);
    bool apart = true;
    for (const Person& known : people()) apart = apart && distance(candidate, known) >= kApart;
    if (apart) {
      candidate.name = "Stranger " + std::to_string(seed);
      return candidate;
    }
    attempt = hash(attempt + 1);
  }
}

}  // namespace surveillx::demo
