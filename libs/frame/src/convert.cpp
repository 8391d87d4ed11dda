#include "surveillx/frame/convert.hpp"

#include <libyuv/convert.h>
#include <libyuv/convert_argb.h>
#include <libyuv/scale.h>

#include <algorithm>

namespace surveillx::frame {
namespace {

int even(int value) { return std::max(2, value & ~1); }

}  // namespace

Size fit_width(Size size, int max_width) {
  if (size.width <= 0 || size.height <= 0) return {2, 2};
  const int width = std::min(size.width, std::max(2, max_width));
  const long long height =
      (static_cast<long long>(size.height) * width + size.width / 2) / size.width;
  return {even(width), even(static_cast<int>(height))};
}

PicturePtr scale(const PicturePtr& picture, Size size) {
  if (picture->size() == size) return picture;
  auto out = WritablePicture::allocate(size);
  libyuv::I420Scale(picture->y().data, picture->y().stride, picture->u().data, picture->u().stride,
                    picture->v().data, picture->v().stride, picture->size().width,
                    picture->size().height, out->plane(0), out->y().stride, out->plane(1),
                    out->u().stride, out->plane(2), out->v().stride, size.width, size.height,
                    libyuv::kFilterBox);
  return out;
}

void to_bgr(const Picture& picture, std::uint8_t* bgr, int stride) {
  // libyuv names formats after a little-endian word: its RGB24 is B, G, R in memory.
  libyuv::I420ToRGB24(picture.y().data, picture.y().stride, picture.u().data, picture.u().stride,
                      picture.v().data, picture.v().stride, bgr, stride, picture.size().width,
                      picture.size().height);
}

PicturePtr from_bgr(const std::uint8_t* bgr, int stride, Size size) {
  auto out = WritablePicture::allocate(size);
  libyuv::RGB24ToI420(bgr, stride, out->plane(0), out->y().stride, out->plane(1), out->u().stride,
                      out->plane(2), out->v().stride, size.width, size.height);
  return out;
}

}  // namespace surveillx::frame
