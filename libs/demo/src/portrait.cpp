#include "surveillx/frame/convert.hpp"
#include "surveillx/frame/jpeg.hpp"

#include "bust.hpp"

namespace surveillx::demo {

frame::PicturePtr draw_face(const Person& person, const Pose& pose, const Light& light,
                            frame::Size size) {
  const int stride = size.width * 3;
  std::vector<std::uint8_t> bgr(static_cast<std::size_t>(stride) *
                                static_cast<std::size_t>(size.height));
  std::uint8_t* out = bgr.data();
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x, out += 3) {
      const float u = static_cast<float>(x) / static_cast<float>(size.width) - 0.5F;
      const float v = static_cast<float>(y) / static_cast<float>(size.height) - 0.5F;
      const float wall = 205 * light.brightness * (1 + 0.25F * light.direction * -u - 0.15F * v);
      out[0] = static_cast<std::uint8_t>(std::min(255.F, wall * 1.02F));
      out[1] = static_cast<std::uint8_t>(std::min(255.F, wall));
      out[2] = static_cast<std::uint8_t>(std::min(255.F, wall * 0.95F));
    }
  }
  const float unit = 0.27F * static_cast<float>(std::min(size.height, size.width * 5 / 4));
  const FaceMap face(person, pose.smile, static_cast<int>(std::clamp(unit * 1.5F, 64.F, 320.F)));
  const Sprite bust = draw_bust(person, face, pose, light, unit);
  blend(bust, size.width / 2 - static_cast<int>(-BustFrame::kLeft * unit),
        static_cast<int>(0.47F * static_cast<float>(size.height) + BustFrame::kTop * unit),
        bgr.data(), stride, size);
  return frame::from_bgr(bgr.data(), stride, size);
}

Result<Bytes> draw_face_jpeg(const Person& person, const Pose& pose, const Light& light,
                             frame::Size size) {
  frame::JpegEncoder encoder;
  return encoder.encode(*draw_face(person, pose, light, size), 92);
}

}  // namespace surveillx::demo
