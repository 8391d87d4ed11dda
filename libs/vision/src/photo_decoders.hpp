#pragma once

#include "surveillx/base/bytes.hpp"

#include "photo_header.hpp"

#include <opencv2/core.hpp>

#include <ctime>

/// One decoder a format, by the format's own library: OpenCV's imdecode keeps a decoder's warnings
/// to itself, and a picture of which a half was read would be enrolled. Whatever a decoder warns of
/// is `damaged`. None turns the picture, except HEIF's.
namespace surveillx::vision {

/// JPEG through libjpeg-turbo, shrunk by a power of two as long as `max_side` pixels remain.
[[nodiscard]] Result<cv::Mat> decode_jpeg(ByteView photo, const PhotoHeader& header, int max_side);
/// PNG through libpng; of an APNG the picture that programs without APNG show.
[[nodiscard]] Result<cv::Mat> decode_png(ByteView photo, const PhotoHeader& header);
/// WebP through libwebp; of an animation the first frame.
[[nodiscard]] Result<cv::Mat> decode_webp(ByteView photo, const PhotoHeader& header);
/// HEIC and AVIF through libheif, turned and mirrored as its boxes say. Also `image_too_large`.
[[nodiscard]] Result<cv::Mat> decode_heif(ByteView photo);

/// `image_too_large` for more than kMaxPhotoPixels.
[[nodiscard]] Result<void> check_dimensions(long width, long height);

/// The last resort against a picture that was made to cost time: 3 s of this thread's own CPU, so
/// that a busy machine refuses nothing that an idle one takes.
class DecodeBudget {
 public:
  [[nodiscard]] bool spent() const { return now() - start_ > 3.0; }

 private:
  [[nodiscard]] static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  double start_ = now();
};

[[nodiscard]] Error damaged_photo(const char* detail);
[[nodiscard]] Error too_complex_photo();

}  // namespace surveillx::vision
