#include "surveillx/frame/jpeg.hpp"

#include "surveillx/frame/convert.hpp"

#include "range.hpp"

#include <turbojpeg.h>

#include <string>

namespace surveillx::frame {
namespace {

Error jpeg_error(tjhandle handle, const char* doing) {
  return Error{kJpegFailed, std::string(doing) + ": " + tjGetErrorStr2(handle)};
}

struct Release {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, Release>;

}  // namespace

struct JpegEncoder::Impl {
  Handle handle{tjInitCompress()};
  /// Worst-case output of the largest picture so far; only the bytes that were written are copied.
  Bytes scratch;
  std::shared_ptr<WritablePicture> full_range;
};

JpegEncoder::JpegEncoder() : impl_(std::make_unique<Impl>()) {}
JpegEncoder::~JpegEncoder() = default;
JpegEncoder::JpegEncoder(JpegEncoder&&) noexcept = default;
JpegEncoder& JpegEncoder::operator=(JpegEncoder&&) noexcept = default;

Result<Bytes> JpegEncoder::encode(const Picture& picture, int quality) {
  if (quality < 1 || quality > 100) {
    return Error{kInvalidArgument, "a JPEG's quality is a number from 1 to 100"};
  }
  if (!impl_->handle) return Error{kJpegFailed, "TurboJPEG could not be set up"};
  const Size size = picture.size();
  const unsigned long worst = tjBufSize(size.width, size.height, TJSAMP_420);
  if (worst == static_cast<unsigned long>(-1)) {
    return Error{kJpegFailed, "a picture of this size cannot be a JPEG"};
  }
  if (impl_->scratch.size() < worst) impl_->scratch.resize(worst);
  if (!impl_->full_range || impl_->full_range->size() != size) {
    impl_->full_range = WritablePicture::allocate(size);
  }
  WritablePicture& full = *impl_->full_range;
  const Size half{(size.width + 1) / 2, (size.height + 1) / 2};
  luma_to_full({picture.y().data, picture.y().stride, full.plane(0), full.y().stride, size.width,
                size.height});
  chroma_to_full({picture.u().data, picture.u().stride, full.plane(1), full.u().stride, half.width,
                  half.height});
  chroma_to_full({picture.v().data, picture.v().stride, full.plane(2), full.v().stride, half.width,
                  half.height});
  const unsigned char* planes[] = {full.y().data, full.u().data, full.v().data};
  const int strides[] = {full.y().stride, full.u().stride, full.v().stride};
  unsigned char* out = impl_->scratch.data();
  unsigned long out_size = impl_->scratch.size();
  if (tjCompressFromYUVPlanes(impl_->handle.get(), planes, size.width, strides, size.height,
                              TJSAMP_420, &out, &out_size, quality,
                              TJFLAG_NOREALLOC | TJFLAG_FASTDCT) != 0) {
    return jpeg_error(impl_->handle.get(), "the picture could not be encoded");
  }
  return Bytes(out, out + out_size);
}

Result<PicturePtr> decode_jpeg(ByteView jpeg, long max_pixels) {
  const Handle handle(tjInitDecompress());
  if (!handle) return Error{kJpegFailed, "TurboJPEG could not be set up"};
  int width = 0;
  int height = 0;
  int sampling = 0;
  int colours = 0;
  const auto bytes = static_cast<unsigned long>(jpeg.size());
  if (tjDecompressHeader3(handle.get(), jpeg.data(), bytes, &width, &height, &sampling, &colours) !=
      0) {
    return jpeg_error(handle.get(), "not a JPEG");
  }
  // The header is checked before a byte is allocated for what it promises.
  if (static_cast<long long>(width) * height > max_pixels) {
    return Error{kJpegFailed, "the JPEG has more pixels than allowed"};
  }
  if (sampling == TJSAMP_420 && colours == TJCS_YCbCr) {
    auto picture = WritablePicture::allocate({width, height});
    unsigned char* planes[] = {picture->plane(0), picture->plane(1), picture->plane(2)};
    int strides[] = {picture->y().stride, picture->u().stride, picture->v().stride};
    if (tjDecompressToYUVPlanes(handle.get(), jpeg.data(), bytes, planes, width, strides, height,
                                0) != 0) {
      return jpeg_error(handle.get(), "the JPEG could not be decoded");
    }
    const Size half{(width + 1) / 2, (height + 1) / 2};
    luma_to_limited(picture->plane(0), picture->y().stride, width, height);
    chroma_to_limited(picture->plane(1), picture->u().stride, half.width, half.height);
    chroma_to_limited(picture->plane(2), picture->v().stride, half.width, half.height);
    return PicturePtr(std::move(picture));
  }
  // Grey and less subsampled files take the way over BGR.
  const int stride = width * 3;
  Bytes bgr(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height));
  if (tjDecompress2(handle.get(), jpeg.data(), bytes, bgr.data(), width, stride, height, TJPF_BGR,
                    0) != 0) {
    return jpeg_error(handle.get(), "the JPEG could not be decoded");
  }
  return from_bgr(bgr.data(), stride, {width, height});
}

}  // namespace surveillx::frame
