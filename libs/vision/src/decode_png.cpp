#include "photo_decoders.hpp"

#include <cstring>
#include <vector>

#include <png.h>

namespace surveillx::vision {
namespace {

/// Everything that lives across libpng's longjmp.
struct PngDecoding {
  ByteView rest;
  const DecodeBudget* budget = nullptr;
  bool too_complex = false;
  char detail[200] = "";
};

void on_problem(png_structp png, png_const_charp message) {
  auto& decoding = *static_cast<PngDecoding*>(png_get_error_ptr(png));
  std::strncpy(decoding.detail, message, sizeof decoding.detail - 1);
  png_longjmp(png, 1);
}

void read_some(png_structp png, png_bytep to, std::size_t size) {
  auto& decoding = *static_cast<PngDecoding*>(png_get_io_ptr(png));
  if (size > decoding.rest.size()) png_error(png, "the file ends too early");
  std::memcpy(to, decoding.rest.data(), size);
  decoding.rest = decoding.rest.subspan(size);
}

void on_row(png_structp png, png_uint_32, int) {
  auto& decoding = *static_cast<PngDecoding*>(png_get_error_ptr(png));
  if (!decoding.budget->spent()) return;
  decoding.too_complex = true;
  png_longjmp(png, 1);
}

/// Holds nothing with a destructor: libpng's errors jump over it.
bool run(png_structp png, png_infop info, PngDecoding& decoding, cv::Mat& bgr,
         std::vector<png_bytep>& rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  // Profiles, texts and times are passed over, and so can be neither bombs nor reasons to warn.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_read_fn(png, &decoding, read_some);
  png_set_read_status_fn(png, on_row);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
  png_set_bgr(png);
  (void)png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const auto width = png_get_image_width(png, info);
  const auto height = png_get_image_height(png, info);
  if (png_get_rowbytes(png, info) != std::size_t{width} * 3) png_error(png, "not 3 channels");
  bgr.create(static_cast<int>(height), static_cast<int>(width), CV_8UC3);
  rows.resize(height);
  for (png_uint_32 y = 0; y < height; ++y) rows[y] = bgr.ptr(static_cast<int>(y));
  png_read_image(png, rows.data());
  png_read_end(png, nullptr);
  return true;
}

}  // namespace

Result<cv::Mat> decode_png(ByteView photo, const PhotoHeader&) {
  const DecodeBudget budget;
  PngDecoding decoding{.rest = photo, .budget = &budget};
  cv::Mat bgr;
  std::vector<png_bytep> rows;
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoding, on_problem, on_problem);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  bool read = false;
  try {
    read = info != nullptr && run(png, info, decoding, bgr, rows);
  } catch (...) {
    png_destroy_read_struct(&png, &info, nullptr);
    throw;
  }
  png_destroy_read_struct(&png, &info, nullptr);
  if (read) return bgr;
  return decoding.too_complex ? too_complex_photo() : damaged_photo(decoding.detail);
}

}  // namespace surveillx::vision
