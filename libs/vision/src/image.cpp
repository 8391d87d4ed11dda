#include "surveillx/vision/image.hpp"

#include "surveillx/frame/convert.hpp"

#include "photo_decoders.hpp"
#include "pixels.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cmath>
#include <new>
#include <string>

namespace surveillx::vision {
namespace {

void shrink(cv::Mat& bgr, int max_side) {
  const int longer = std::max(bgr.cols, bgr.rows);
  if (longer <= max_side) return;
  const double by = static_cast<double>(max_side) / longer;
  cv::Mat small;
  cv::resize(bgr, small,
             {std::max(1, static_cast<int>(std::lround(bgr.cols * by))),
              std::max(1, static_cast<int>(std::lround(bgr.rows * by)))},
             0, 0, cv::INTER_AREA);
  bgr = std::move(small);
}

/// Turns and mirrors by EXIF's number for how the camera was held.
cv::Mat upright(cv::Mat bgr, int orientation) {
  cv::Mat out = std::move(bgr);
  if (orientation >= 5) out = out.t();
  switch (orientation) {
    case 2: case 6: cv::flip(out, out, 1); break;
    case 3: case 7: cv::flip(out, out, -1); break;
    case 4: case 8: cv::flip(out, out, 0); break;
    default: break;
  }
  return out;
}

Result<cv::Mat> decode(ByteView photo, const PhotoHeader& header, int max_side) {
  try {
    switch (header.kind) {
      case PhotoKind::jpeg: return decode_jpeg(photo, header, max_side);
      case PhotoKind::png: return decode_png(photo, header);
      case PhotoKind::webp: return decode_webp(photo, header);
      case PhotoKind::heif: return decode_heif(photo);
    }
  } catch (const std::bad_alloc&) {
    return too_complex_photo();
  } catch (const cv::Exception&) {
    return too_complex_photo();
  }
  return damaged_photo("");
}

}  // namespace

Result<void> check_dimensions(long width, long height) {
  if (width <= 0 || height <= 0) return Error{kEmptyImage, "the photo is 0 pixels wide or high"};
  // Compared by division: a forged header can promise 2^32 by 2^32.
  if (width <= kMaxPhotoPixels / height) return {};
  return Error{kImageTooLarge, "the photo is " + std::to_string(width) + "x" +
                                   std::to_string(height) +
                                   " pixels; at most 40 megapixels are read"};
}

Error damaged_photo(const char* detail) {
  std::string message = "the photo is damaged or cut short; use the original file";
  if (detail != nullptr && *detail != '\0') message += " (" + std::string(detail) + ")";
  return Error{kDamaged, std::move(message)};
}

Error too_complex_photo() {
  return Error{kTooComplex, "the photo takes too long or too much memory to read; save it again"};
}

Image::Image() : pixels_(std::make_shared<const Pixels>()) {}
Image::Image(std::shared_ptr<const Pixels> pixels, double native_scale)
    : pixels_(std::move(pixels)), native_scale_(native_scale) {}

Result<Image> Image::from_photo(ByteView photo, int max_side) {
  const auto header = read_photo_header(photo);
  if (!header) return header.error();
  // HEIF's dimensions are known to its own library only, which is asked before it decodes.
  if (header->kind != PhotoKind::heif) {
    if (auto checked = check_dimensions(header->width, header->height); !checked) {
      return checked.error();
    }
  }
  auto decoded = decode(photo, *header, max_side);
  if (!decoded) return decoded.error();
  cv::Mat bgr = upright(std::move(*decoded), header->orientation);
  const long longer = header->kind == PhotoKind::heif ? std::max(bgr.cols, bgr.rows)
                                                      : std::max(header->width, header->height);
  shrink(bgr, max_side);
  const double native = static_cast<double>(longer) / std::max(bgr.cols, bgr.rows);
  return image_of(std::move(bgr), std::max(1.0, native));
}

Image Image::from_picture(const frame::Picture& picture) {
  cv::Mat bgr(picture.size().height, picture.size().width, CV_8UC3);
  frame::to_bgr(picture, bgr.data, static_cast<int>(bgr.step));
  return image_of(std::move(bgr));
}

Image Image::from_bgr(const std::uint8_t* bgr, int stride, frame::Size size) {
  const cv::Mat rows(size.height, size.width, CV_8UC3, const_cast<std::uint8_t*>(bgr),
                     static_cast<std::size_t>(stride));
  return image_of(rows.clone());
}

bool Image::empty() const { return pixels_->bgr.empty(); }
frame::Size Image::size() const { return {pixels_->bgr.cols, pixels_->bgr.rows}; }

Image Image::crop(const PixelBox& box, double margin, int max_side) const {
  const double grow = margin * std::max(box.w, box.h);
  const cv::Rect2d wanted(box.x - grow, box.y - grow, box.w + 2 * grow, box.h + 2 * grow);
  const cv::Rect part = cv::Rect(wanted) & cv::Rect(0, 0, pixels_->bgr.cols, pixels_->bgr.rows);
  if (part.empty()) return {};
  cv::Mat bgr = pixels_->bgr(part).clone();
  shrink(bgr, max_side);
  return image_of(std::move(bgr), native_scale_);
}

Result<Bytes> Image::to_jpeg(int quality) const {
  if (empty()) return Error{kEmptyImage, "there is no picture to encode"};
  Bytes jpeg;
  try {
    if (cv::imencode(".jpg", pixels_->bgr, jpeg, {cv::IMWRITE_JPEG_QUALITY, quality})) return jpeg;
  } catch (const cv::Exception& e) {
    return Error{kInternal, "the picture could not be encoded: " + e.err};
  }
  return Error{kInternal, "the picture could not be encoded"};
}

frame::PicturePtr Image::to_picture() const {
  const cv::Mat& bgr = pixels_->bgr;
  return frame::from_bgr(bgr.data, static_cast<int>(bgr.step), {bgr.cols, bgr.rows});
}

}  // namespace surveillx::vision
