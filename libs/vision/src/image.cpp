#include "surveillx/vision/image.hpp"

#include "surveillx/frame/convert.hpp"

#include "photo_header.hpp"
#include "pixels.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cmath>
#include <string>

namespace surveillx::vision {
namespace {

/// The decoder's own power-of-two shrinking (JPEG) that still leaves at least `max_side` pixels.
int decode_flags(const PhotoHeader& header, int max_side) {
  if (header.kind != PhotoKind::jpeg) return cv::IMREAD_COLOR;
  const long longer = std::max(header.width, header.height);
  if (longer >= 8L * max_side) return cv::IMREAD_REDUCED_COLOR_8;
  if (longer >= 4L * max_side) return cv::IMREAD_REDUCED_COLOR_4;
  if (longer >= 2L * max_side) return cv::IMREAD_REDUCED_COLOR_2;
  return cv::IMREAD_COLOR;
}

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

}  // namespace

Image::Image() : pixels_(std::make_shared<const Pixels>()) {}
Image::Image(std::shared_ptr<const Pixels> pixels, double native_scale)
    : pixels_(std::move(pixels)), native_scale_(native_scale) {}

Result<Image> Image::from_photo(ByteView photo, int max_side) {
  const auto header = read_photo_header(photo);
  if (!header) return header.error();
  // Compared by division: a forged header can promise 2^32 by 2^32.
  if (header->width > kMaxPhotoPixels / header->height) {
    return Error{kImageTooLarge, "the photo is " + std::to_string(header->width) + "x" +
                                     std::to_string(header->height) +
                                     " pixels; at most 40 megapixels are read"};
  }
  cv::Mat bgr;
  try {
    const cv::Mat bytes(1, static_cast<int>(photo.size()), CV_8UC1,
                        const_cast<std::uint8_t*>(photo.data()));
    bgr = cv::imdecode(bytes, decode_flags(*header, max_side));
  } catch (const cv::Exception&) {
    bgr.release();  // Reported below like any other picture that cannot be read.
  }
  if (bgr.empty()) return Error{kNotAnImage, "the photo is damaged and cannot be read"};
  shrink(bgr, max_side);
  const double native =
      static_cast<double>(std::max(header->width, header->height)) / std::max(bgr.cols, bgr.rows);
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
