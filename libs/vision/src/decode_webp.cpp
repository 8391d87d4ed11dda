#include "photo_decoders.hpp"

#include <webp/decode.h>
#include <webp/demux.h>

#include <opencv2/imgproc.hpp>

#include <memory>

namespace surveillx::vision {
namespace {

Result<cv::Mat> first_frame(ByteView photo) {
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) return damaged_photo("libwebp is too old");
  options.color_mode = MODE_BGRA;
  const WebPData data{photo.data(), photo.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  WebPAnimInfo info;
  std::uint8_t* canvas = nullptr;
  int timestamp = 0;
  if (!decoder || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      WebPAnimDecoderGetNext(decoder.get(), &canvas, &timestamp) == 0) {
    return damaged_photo("the animation has no frame that can be read");
  }
  const cv::Mat bgra(static_cast<int>(info.canvas_height), static_cast<int>(info.canvas_width),
                     CV_8UC4, canvas);
  cv::Mat bgr;
  cv::cvtColor(bgra, bgr, cv::COLOR_BGRA2BGR);
  return bgr;
}

}  // namespace

Result<cv::Mat> decode_webp(ByteView photo, const PhotoHeader& header) {
  // The length in the RIFF header; what follows it is no part of the picture.
  if (photo.size() < 12) return damaged_photo("the file ends too early");
  const std::size_t promised = 8 + (std::size_t{photo[4]} | std::size_t{photo[5]} << 8 |
                                    std::size_t{photo[6]} << 16 | std::size_t{photo[7]} << 24);
  if (promised > photo.size()) return damaged_photo("the file ends too early");
  if (header.animated) return first_frame(photo);
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(photo.data(), photo.size(), &features) != VP8_STATUS_OK) {
    return damaged_photo("its header cannot be read");
  }
  if (features.width != header.width || features.height != header.height) {
    return damaged_photo("its headers contradict each other");
  }
  cv::Mat bgr(features.height, features.width, CV_8UC3);
  const std::uint8_t* read =
      WebPDecodeBGRInto(photo.data(), photo.size(), bgr.data, bgr.step * static_cast<std::size_t>(bgr.rows),
                        static_cast<int>(bgr.step));
  if (read == nullptr) return damaged_photo("its picture cannot be read to the end");
  return bgr;
}

}  // namespace surveillx::vision
