#include "photo_header.hpp"

#include "surveillx/vision/image.hpp"

#include "byte_reader.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace surveillx::vision {
namespace {

constexpr std::string_view kExifPrefix{"Exif\0\0", 6};

bool is_frame_header(long marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// Scan headers from `at` on. Inside of a scan 0xFF is followed by 0 or a restart marker, so that
/// the pair is found nowhere else but in segments that somebody has filled to be refused.
int count_scans(ByteView photo, std::size_t at) {
  int scans = 0;
  while (at + 1 < photo.size()) {
    const void* found = std::memchr(photo.data() + at, 0xFF, photo.size() - at - 1);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - photo.data()) + 1;
    if (photo[at] == 0xDA) ++scans;
  }
  return scans;
}

/// The first frame header (SOF) of a JPEG, ITU-T T.81 B.2.2, and the EXIF segment before it.
std::optional<PhotoHeader> jpeg_header(const ByteReader& in) {
  PhotoHeader header;
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
    if (is_frame_header(marker)) {
      header.height = in.be16(at + 5);
      header.width = in.be16(at + 7);
      return header;
    }
    const long length = in.be16(at + 2);
    if (length < 2) return std::nullopt;
    if (marker == 0xE1 && in.text(at + 4, kExifPrefix)) {
      header.orientation =
          exif_orientation(in.part(at + 4, static_cast<std::size_t>(length) - 2));
    }
    at += 2 + static_cast<std::size_t>(length);
  }
  return std::nullopt;
}

/// ISO/IEC 15948: IHDR, and the chunks up to IEND for an orientation (eXIf) and APNG's acTL.
std::optional<PhotoHeader> png_header(const ByteReader& in) {
  if (!in.text(12, "IHDR")) return std::nullopt;
  PhotoHeader header{.kind = PhotoKind::png, .width = in.be32(16), .height = in.be32(20)};
  for (std::size_t at = 8; at + 12 <= in.size() && !in.text(at + 4, "IEND");) {
    const auto length = static_cast<std::size_t>(in.be32(at));
    if (length > in.size() - at) break;  // The decoder says that it is cut off.
    if (in.text(at + 4, "eXIf")) header.orientation = exif_orientation(in.part(at + 8, length));
    if (in.text(at + 4, "acTL")) header.animated = true;
    at += 12 + length;
  }
  return header;
}

/// RFC 9649 section 2.
std::optional<PhotoHeader> webp_header(const ByteReader& in) {
  if (in.size() < 32) return std::nullopt;
  PhotoHeader header{.kind = PhotoKind::webp};
  if (in.text(12, "VP8L")) {
    const long bits = in.le32(21);
    header.width = (bits & 0x3FFF) + 1;
    header.height = (bits >> 14 & 0x3FFF) + 1;
  } else if (in.text(12, "VP8 ")) {
    header.width = in.le16(26) & 0x3FFF;
    header.height = in.le16(28) & 0x3FFF;
  } else if (in.text(12, "VP8X")) {
    header.width = in.le24(24) + 1;
    header.height = in.le24(27) + 1;
    header.animated = (in.u8(20) & 0x02) != 0;
    for (std::size_t at = 12; at + 8 <= in.size();) {
      const auto length = static_cast<std::size_t>(in.le32(at + 4));
      if (length > in.size() - at) break;
      if (in.text(at, "EXIF")) header.orientation = exif_orientation(in.part(at + 8, length));
      at += 8 + length + length % 2;
    }
  } else {
    return std::nullopt;
  }
  return header;
}

/// ISO/IEC 23008-12: the first box is `ftyp`, with a brand of still pictures.
bool is_heif(const ByteReader& in) {
  if (!in.text(4, "ftyp")) return false;
  const std::size_t end =
      std::min<std::size_t>(in.size(), static_cast<std::size_t>(in.be32(0)));
  for (std::size_t at = 8; at + 4 <= end; at += 4) {
    if (at == 12) continue;  // The major brand's version.
    for (const char* brand : {"heic", "heix", "heim", "heis", "hevc", "mif1", "msf1", "avif"}) {
      if (in.text(at, brand)) return true;
    }
  }
  return false;
}

std::optional<PhotoHeader> any_header(const ByteReader& in) {
  if (in.text(0, "\xFF\xD8\xFF")) return jpeg_header(in);
  if (in.text(0, "\x89PNG\r\n\x1A\n")) return png_header(in);
  if (in.text(0, "RIFF") && in.text(8, "WEBP")) return webp_header(in);
  if (is_heif(in)) return PhotoHeader{.kind = PhotoKind::heif};
  return std::nullopt;
}

/// Kinds of pictures that people have and that are not read, for a word that helps.
const char* other_picture(const ByteReader& in) {
  if (in.text(0, "GIF87a") || in.text(0, "GIF89a")) return "a GIF";
  if (in.text(0, "BM")) return "a BMP";
  if (in.text(0, std::string_view("II*\0", 4)) || in.text(0, std::string_view("MM\0*", 4))) {
    return "a TIFF or a camera's raw picture";
  }
  if (in.text(0, "\xFF\x0A") || in.text(4, "JXL ")) return "a JPEG XL";
  if (in.text(0, "%PDF")) return "a PDF";
  if (in.text(4, "ftyp")) return "a film";
  return nullptr;
}

}  // namespace

int exif_orientation(ByteView exif) {
  constexpr long kOrientation = 0x0112;
  constexpr long kShort = 3;
  ByteReader in(exif);
  if (in.text(0, kExifPrefix)) in = ByteReader(exif.subspan(kExifPrefix.size()));
  const bool little = in.text(0, "II");
  if (!little && !in.text(0, "MM")) return 1;
  const auto u16 = [&](std::size_t at) { return little ? in.le16(at) : in.be16(at); };
  const auto directory = static_cast<std::size_t>(little ? in.le32(4) : in.be32(4));
  if (u16(2) != 42 || directory >= in.size()) return 1;
  const long entries = u16(directory);
  for (long i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + static_cast<std::size_t>(i) * 12;
    if (at + 12 > in.size()) break;
    if (u16(at) != kOrientation || u16(at + 2) != kShort) continue;
    const long value = u16(at + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Result<PhotoHeader> read_photo_header(ByteView photo) {
  if (photo.empty()) return Error{kEmptyImage, "the photo has no bytes"};
  const ByteReader in(photo);
  const auto header = any_header(in);
  if (!header) {
    const char* other = other_picture(in);
    return Error{kNotAnImage, other == nullptr
                                  ? "the file is not a picture; use JPEG, PNG, WebP or HEIC"
                                  : "the file is " + std::string(other) +
                                        ", which is not read; use JPEG, PNG, WebP or HEIC"};
  }
  if (header->kind == PhotoKind::heif) return *header;
  if (header->width == 0 || header->height == 0) {
    return Error{kEmptyImage, "the photo is 0 pixels wide or high"};
  }
  if (header->kind == PhotoKind::jpeg && count_scans(photo, 2) > kMaxJpegScans) {
    return Error{kTooComplex, "the photo has more than " + std::to_string(kMaxJpegScans) +
                                  " scans, which no camera writes; save it again as JPEG"};
  }
  return *header;
}

}  // namespace surveillx::vision
