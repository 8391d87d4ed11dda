#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/frame/picture.hpp"

namespace surveillx::vision {

enum class PhotoKind { jpeg, png, webp, heif };

struct PhotoHeader {
  PhotoKind kind = PhotoKind::jpeg;
  /// As stored, before `orientation`. 0 for HEIF, whose boxes its own library reads.
  long width = 0;
  long height = 0;
  /// How the container says the picture is to be turned, in EXIF's numbers (TIFF 6.0 tag 0x0112):
  /// 1 is upright. Always 1 for HEIF, which turns by boxes of its own and not by EXIF.
  int orientation = 1;
  bool animated = false;
};

/// A JPEG with more scans than this is made to cost time: each goes over the whole picture, and
/// real ones have about ten.
inline constexpr int kMaxJpegScans = 100;

/// Kind, dimensions and orientation by a file's content, without decoding: what an image library
/// would allocate, and how often it would go over it, is known before it is called. Errors:
/// `empty_image`, `not_an_image`, `too_complex`.
[[nodiscard]] Result<PhotoHeader> read_photo_header(ByteView photo);

/// The orientation in a block of EXIF, with or without the leading `Exif\0\0`; 1 when it has none
/// or is damaged.
[[nodiscard]] int exif_orientation(ByteView exif);

}  // namespace surveillx::vision
