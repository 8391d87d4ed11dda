#include "photo_decoders.hpp"

#include <csetjmp>
#include <algorithm>
#include <cstdio>
#include <string_view>

#include <jpeglib.h>

namespace surveillx::vision {
namespace {

// libjpeg's own numbers of messages that say nothing about the pixels (jerror.h is not installed
// everywhere with its enum): an unknown Adobe transform, an unknown JFIF version.
constexpr char kAdobeTransform[] = "Unknown Adobe color transform code %d";
constexpr char kJfifVersion[] = "Warning: unknown JFIF revision number %d.%02d";

enum class Outcome { read, damaged, too_complex };

/// Everything that lives across libjpeg's longjmp: plain data, freed by the function that owns it.
struct JpegDecoding {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  Outcome outcome = Outcome::read;
  char detail[JMSG_LENGTH_MAX] = "";
  const DecodeBudget* budget = nullptr;
  cv::Mat* bgr = nullptr;
};

JpegDecoding& of(j_common_ptr info) { return *static_cast<JpegDecoding*>(info->client_data); }

[[noreturn]] void give_up(JpegDecoding& decoding, Outcome outcome) {
  decoding.outcome = outcome;
  std::longjmp(decoding.escape, 1);
}

[[noreturn]] void on_error(j_common_ptr info) {
  (*info->err->format_message)(info, of(info).detail);
  give_up(of(info), Outcome::damaged);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // A trace.
  const jpeg_error_mgr& errors = *info->err;
  const char* text = errors.msg_code > 0 && errors.msg_code <= errors.last_jpeg_message
                         ? errors.jpeg_message_table[errors.msg_code]
                         : "";
  const std::string_view message(text == nullptr ? "" : text);
  if (message == kAdobeTransform || message == kJfifVersion) return;
  on_error(info);
}

void no_output(j_common_ptr) {}

void on_progress(j_common_ptr info) {
  const JpegDecoding& decoding = of(info);
  if (decoding.info.input_scan_number > kMaxJpegScans || decoding.budget->spent()) {
    give_up(of(info), Outcome::too_complex);
  }
}

/// Ink, inverted as Adobe writes it, to light.
void cmyk_to_bgr(const std::uint8_t* cmyk, std::uint8_t* bgr, unsigned width) {
  for (unsigned x = 0; x < width; ++x, cmyk += 4, bgr += 3) {
    for (int i = 0; i < 3; ++i) bgr[i] = static_cast<std::uint8_t>(cmyk[2 - i] * cmyk[3] / 255);
  }
}

/// The power of two that libjpeg shrinks by while it decodes.
unsigned shrink_by(const jpeg_decompress_struct& info, int max_side) {
  const unsigned longer = std::max(info.image_width, info.image_height);
  unsigned by = 1;
  while (by < 8 && longer >= 2 * by * static_cast<unsigned>(max_side)) by *= 2;
  return by;
}

/// Holds nothing with a destructor: libjpeg's errors jump over it.
void run(JpegDecoding& decoding, ByteView photo, int max_side) {
  jpeg_decompress_struct& info = decoding.info;
  if (setjmp(decoding.escape) != 0) return;
  jpeg_create_decompress(&info);
  info.progress = &decoding.progress;
  jpeg_mem_src(&info, photo.data(), photo.size());
  (void)jpeg_read_header(&info, TRUE);
  info.scale_num = 1;
  info.scale_denom = shrink_by(info, max_side);
  const bool inks = info.num_components == 4;
  info.out_color_space = inks ? JCS_CMYK : JCS_EXT_BGR;
  jpeg_start_decompress(&info);
  decoding.bgr->create(static_cast<int>(info.output_height), static_cast<int>(info.output_width),
                       CV_8UC3);
  JSAMPARRAY ink_row = nullptr;
  if (inks) {
    ink_row = (*info.mem->alloc_sarray)(reinterpret_cast<j_common_ptr>(&info), JPOOL_IMAGE,
                                        info.output_width * 4, 1);
  }
  while (info.output_scanline < info.output_height) {
    std::uint8_t* out = decoding.bgr->ptr(static_cast<int>(info.output_scanline));
    if (inks) {
      jpeg_read_scanlines(&info, ink_row, 1);
      cmyk_to_bgr(ink_row[0], out, info.output_width);
    } else {
      jpeg_read_scanlines(&info, &out, 1);
    }
  }
  jpeg_finish_decompress(&info);  // Reads on to the end marker, which a cut file lacks.
}

}  // namespace

Result<cv::Mat> decode_jpeg(ByteView photo, const PhotoHeader&, int max_side) {
  const DecodeBudget budget;
  cv::Mat bgr;
  JpegDecoding decoding;
  decoding.budget = &budget;
  decoding.bgr = &bgr;
  decoding.info.err = jpeg_std_error(&decoding.errors);
  decoding.info.client_data = &decoding;
  decoding.errors.error_exit = on_error;
  decoding.errors.emit_message = on_message;
  decoding.errors.output_message = no_output;
  decoding.progress.progress_monitor = on_progress;
  try {
    run(decoding, photo, max_side);
  } catch (...) {
    jpeg_destroy_decompress(&decoding.info);
    throw;
  }
  jpeg_destroy_decompress(&decoding.info);
  switch (decoding.outcome) {
    case Outcome::read: return bgr;
    case Outcome::too_complex: return too_complex_photo();
    case Outcome::damaged: break;
  }
  return damaged_photo(decoding.detail);
}

}  // namespace surveillx::vision
