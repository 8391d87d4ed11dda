#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/frame/picture.hpp"
#include "surveillx/vision/geometry.hpp"

#include <memory>

namespace surveillx::vision {

inline constexpr ErrorName kNotAnImage{"not_an_image"};
inline constexpr ErrorName kEmptyImage{"empty_image"};
inline constexpr ErrorName kImageTooLarge{"image_too_large"};
/// Cut short or corrupt: whatever its decoder warns of, since a half-read picture is no photo.
inline constexpr ErrorName kDamaged{"damaged"};
/// Made so that reading it costs far more than its size says.
inline constexpr ErrorName kTooComplex{"too_complex"};

/// Photos with more pixels are refused before anything is allocated for them.
inline constexpr long kMaxPhotoPixels = 40L * 1000 * 1000;

/// A BGR picture, 8 bits a channel. Copies share the pixels, which never change: safe to read from
/// any thread. Empty when default-constructed.
class Image {
 public:
  /// Only this library's sources know what is inside (an OpenCV matrix).
  struct Pixels;

  Image();
  explicit Image(std::shared_ptr<const Pixels> pixels, double native_scale = 1);

  /// Decodes a JPEG, PNG, WebP or HEIC (AVIF) that comes from outside, whatever its file is called;
  /// of an animation the first frame. Kind and dimensions are read before the decoder sees the rest:
  /// `empty_image` for no bytes or a side of 0, `not_an_image`, `image_too_large` over
  /// `kMaxPhotoPixels`, `too_complex`; and then `damaged`. The container's orientation is applied,
  /// and a larger photo shrunk until its longer side is `max_side`; `native_scale` remembers by how
  /// much.
  [[nodiscard]] static Result<Image> from_photo(ByteView photo, int max_side = 1920);
  /// A camera's picture (BT.601 limited range).
  [[nodiscard]] static Image from_picture(const frame::Picture& picture);
  /// Copies rows of BGR.
  [[nodiscard]] static Image from_bgr(const std::uint8_t* bgr, int stride, frame::Size size);

  [[nodiscard]] bool empty() const;
  [[nodiscard]] frame::Size size() const;
  /// Pixels of the original per pixel of this image, 1 or more.
  [[nodiscard]] double native_scale() const { return native_scale_; }

  /// The part of the image inside `box` grown by `margin` of its longer side on each side, shrunk
  /// to at most `max_side`. Empty when the box lies outside.
  [[nodiscard]] Image crop(const PixelBox& box, double margin, int max_side) const;
  [[nodiscard]] Result<Bytes> to_jpeg(int quality = 85) const;
  [[nodiscard]] frame::PicturePtr to_picture() const;

  [[nodiscard]] const Pixels& pixels() const { return *pixels_; }

 private:
  std::shared_ptr<const Pixels> pixels_;
  double native_scale_ = 1;
};

}  // namespace surveillx::vision
