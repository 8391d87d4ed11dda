#pragma once

#include <memory>

#include "surveillx/base/bytes.hpp"
#include "surveillx/frame/picture.hpp"

namespace surveillx::frame {

inline constexpr ErrorName kJpegFailed{"jpeg_failed"};

/// Encodes I420 to baseline JPEG 4:2:0 with TurboJPEG, without a colour conversion. Keeps its
/// scratch memory between calls, so one encoder belongs to one thread at a time.
class JpegEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder();
  JpegEncoder(JpegEncoder&&) noexcept;
  JpegEncoder& operator=(JpegEncoder&&) noexcept;
  /// `quality` 1..100. `jpeg_failed` with the library's reason.
  [[nodiscard]] Result<Bytes> encode(const Picture& picture, int quality);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Decodes to I420. Refuses data that is no JPEG or has more than `max_pixels`.
[[nodiscard]] Result<PicturePtr> decode_jpeg(ByteView jpeg, long max_pixels = 4096L * 4096L);

}  // namespace surveillx::frame
