#include "surveillx/frame/picture.hpp"

#include <utility>

namespace surveillx::frame {
namespace {

/// Rows start on 64-byte boundaries relative to the buffer, which is what SIMD code likes best.
constexpr int kRowAlignment = 64;

int aligned(int width) { return (width + kRowAlignment - 1) / kRowAlignment * kRowAlignment; }

class WrappedPicture : public Picture {
 public:
  WrappedPicture(Size size, std::array<Plane, 3> planes, std::shared_ptr<const void> owner)
      : Picture(size, planes), owner_(std::move(owner)) {}

 private:
  std::shared_ptr<const void> owner_;
};

}  // namespace

std::shared_ptr<const Picture> Picture::wrap(Size size, std::array<Plane, 3> planes,
                                             std::shared_ptr<const void> owner) {
  return std::make_shared<WrappedPicture>(size, planes, std::move(owner));
}

std::shared_ptr<WritablePicture> WritablePicture::allocate(Size size) {
  const int chroma_height = (size.height + 1) / 2;
  const int luma_stride = aligned(size.width);
  const int chroma_stride = aligned((size.width + 1) / 2);
  const auto luma_bytes =
      static_cast<std::size_t>(luma_stride) * static_cast<std::size_t>(size.height);
  const auto chroma_bytes =
      static_cast<std::size_t>(chroma_stride) * static_cast<std::size_t>(chroma_height);
  // Not value-initialised: whoever allocates writes every pixel, and 1.4 MB of zeroes cost 0.1 ms.
  std::unique_ptr<std::uint8_t[]> pixels(new std::uint8_t[luma_bytes + 2 * chroma_bytes]);
  std::uint8_t* y = pixels.get();
  std::uint8_t* u = y + luma_bytes;
  std::uint8_t* v = u + chroma_bytes;
  const std::array<Plane, 3> planes{Plane{y, luma_stride}, Plane{u, chroma_stride},
                                    Plane{v, chroma_stride}};
  return std::shared_ptr<WritablePicture>(new WritablePicture(size, planes, std::move(pixels)));
}

WritablePicture::WritablePicture(Size size, std::array<Plane, 3> planes,
                                 std::unique_ptr<std::uint8_t[]> pixels)
    : Picture(size, planes), pixels_(std::move(pixels)) {
  writable_[0] = pixels_.get();
  writable_[1] = writable_[0] + (planes[1].data - planes[0].data);
  writable_[2] = writable_[0] + (planes[2].data - planes[0].data);
}

}  // namespace surveillx::frame
