#pragma once

#include "surveillx/base/bytes.hpp"
#include "surveillx/frame/picture.hpp"

namespace surveillx::vision {

enum class PhotoKind { jpeg, png, webp };

struct PhotoHeader {
  PhotoKind kind = PhotoKind::jpeg;
  long width = 0;
  long height = 0;
};

/// Kind and dimensions from a file's first bytes, without decoding: what an image library would
/// allocate is known before it is called. `empty_image`, `not_an_image`.
[[nodiscard]] Result<PhotoHeader> read_photo_header(ByteView photo);

}  // namespace surveillx::vision
