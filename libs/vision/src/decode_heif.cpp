#include "photo_decoders.hpp"

#include "surveillx/vision/image.hpp"

#include <libheif/heif.h>

#include <opencv2/imgproc.hpp>

#include <memory>
#include <string>

namespace surveillx::vision {
namespace {

using Context = std::unique_ptr<heif_context, decltype(&heif_context_free)>;
using Handle = std::unique_ptr<heif_image_handle, decltype(&heif_image_handle_release)>;
using Picture = std::unique_ptr<heif_image, decltype(&heif_image_release)>;
using Options = std::unique_ptr<heif_decoding_options, decltype(&heif_decoding_options_free)>;

bool failed(const heif_error& error) { return error.code != heif_error_Ok; }

Error error_of(const heif_error& error) {
  if (error.code == heif_error_Memory_allocation_error) return too_complex_photo();
  return damaged_photo(error.message);
}

}  // namespace

Result<cv::Mat> decode_heif(ByteView photo) {
  const Context context(heif_context_alloc(), heif_context_free);
  // Libheif multiplies the sides of tiled pictures itself; this bounds each, the check below both.
  heif_context_set_maximum_image_size_limit(context.get(), 16'384);
  if (const auto error = heif_context_read_from_memory_without_copy(context.get(), photo.data(),
                                                                    photo.size(), nullptr);
      failed(error)) {
    return error_of(error);
  }
  heif_image_handle* raw_handle = nullptr;
  if (const auto error = heif_context_get_primary_image_handle(context.get(), &raw_handle);
      failed(error)) {
    return error_of(error);
  }
  const Handle handle(raw_handle, heif_image_handle_release);
  const long width = heif_image_handle_get_width(handle.get());
  const long height = heif_image_handle_get_height(handle.get());
  if (auto checked = check_dimensions(width, height); !checked) return checked.error();

  const Options options(heif_decoding_options_alloc(), heif_decoding_options_free);
  options->convert_hdr_to_8bit = 1;
  options->strict_decoding = 1;
  heif_image* raw_picture = nullptr;
  if (const auto error = heif_decode_image(handle.get(), &raw_picture, heif_colorspace_RGB,
                                           heif_chroma_interleaved_RGB, options.get());
      failed(error)) {
    if (error.code == heif_error_Unsupported_feature ||
        error.code == heif_error_Unsupported_filetype) {
      return Error{kNotAnImage, "this kind of HEIC is not supported; save the photo as JPEG"};
    }
    return error_of(error);
  }
  const Picture picture(raw_picture, heif_image_release);
  if (heif_image_get_decoding_warnings(picture.get(), 0, nullptr, 0) > 0) {
    return damaged_photo("its decoder warns of it");
  }
  int stride = 0;
  const std::uint8_t* rows =
      heif_image_get_plane_readonly(picture.get(), heif_channel_interleaved, &stride);
  const int w = heif_image_get_primary_width(picture.get());
  const int h = heif_image_get_primary_height(picture.get());
  if (rows == nullptr || w <= 0 || h <= 0) return damaged_photo("it holds no picture");
  const cv::Mat rgb(h, w, CV_8UC3, const_cast<std::uint8_t*>(rows),
                    static_cast<std::size_t>(stride));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  return bgr;
}

}  // namespace surveillx::vision
