#include "photo_header.hpp"

#include "surveillx/vision/image.hpp"

#include <optional>
#include <string_view>

namespace surveillx::vision {
namespace {

/// Reads that answer 0 beyond the end, so that a truncated header has no dimensions.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] long u8(std::size_t at) const { return at < bytes_.size() ? bytes_[at] : 0; }
  [[nodiscard]] long be16(std::size_t at) const { return u8(at) << 8 | u8(at + 1); }
  [[nodiscard]] long be32(std::size_t at) const { return be16(at) << 16 | be16(at + 2); }
  [[nodiscard]] long le16(std::size_t at) const { return u8(at) | u8(at + 1) << 8; }
  [[nodiscard]] long le24(std::size_t at) const { return le16(at) | u8(at + 2) << 16; }
  [[nodiscard]] long le32(std::size_t at) const { return le16(at) | le16(at + 2) << 16; }
  [[nodiscard]] bool text(std::size_t at, std::string_view wanted) const {
    if (at + wanted.size() > bytes_.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (bytes_[at + i] != static_cast<std::uint8_t>(wanted[i])) return false;
    }
    return true;
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  ByteView bytes_;
};

/// The first frame header (SOF) of a JPEG, ITU-T T.81 B.2.2.
std::optional<PhotoHeader> jpeg_header(const Reader& in) {
  std::size_t at = 2;
  while (at + 4 <= in.size()) {
    if (in.u8(at) != 0xFF) return std::nullopt;
    const long marker = in.u8(at + 1);
    if (marker == 0xFF) {  // A fill byte.
      ++at;
      continue;
    }
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;
      continue;
    }
    if (marker == 0xD9 || marker == 0xDA) return std::nullopt;
    const bool frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) return PhotoHeader{PhotoKind::jpeg, in.be16(at + 7), in.be16(at + 5)};
    const long length = in.be16(at + 2);
    if (length < 2) return std::nullopt;
    at += 2 + static_cast<std::size_t>(length);
  }
  return std::nullopt;
}

/// RFC 9649 section 2.
std::optional<PhotoHeader> webp_header(const Reader& in) {
  if (in.size() < 32) return std::nullopt;
  if (in.text(12, "VP8X")) return PhotoHeader{PhotoKind::webp, in.le24(24) + 1, in.le24(27) + 1};
  if (in.text(12, "VP8L")) {
    const long bits = in.le32(21);
    return PhotoHeader{PhotoKind::webp, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
  }
  if (in.text(12, "VP8 ")) {
    return PhotoHeader{PhotoKind::webp, in.le16(26) & 0x3FFF, in.le16(28) & 0x3FFF};
  }
  return std::nullopt;
}

std::optional<PhotoHeader> any_header(const Reader& in) {
  if (in.text(0, "\xFF\xD8\xFF")) return jpeg_header(in);
  if (in.text(0, "\x89PNG\r\n\x1A\n") && in.text(12, "IHDR")) {
    return PhotoHeader{PhotoKind::png, in.be32(16), in.be32(20)};
  }
  if (in.text(0, "RIFF") && in.text(8, "WEBP")) return webp_header(in);
  return std::nullopt;
}

}  // namespace

Result<PhotoHeader> read_photo_header(ByteView photo) {
  if (photo.empty()) return Error{kEmptyImage, "the photo has no bytes"};
  const auto header = any_header(Reader(photo));
  if (!header) {
    return Error{kNotAnImage, "the file is not a picture; use JPEG, PNG or WebP"};
  }
  if (header->width == 0 || header->height == 0) {
    return Error{kEmptyImage, "the photo is 0 pixels wide or high"};
  }
  return *header;
}

}  // namespace surveillx::vision
