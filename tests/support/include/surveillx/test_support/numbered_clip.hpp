#pragma once

#include "surveillx/frame/picture.hpp"
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/test_support/frame_number.hpp"

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace surveillx::test_support {

/// VP8 frames, each with its number drawn into the picture, a keyframe at every multiple of
/// `keyframe_every`, and what a decoder makes of each when none is missing. Decoding VP8 is exact:
/// a picture that differs in one bit is damaged.
struct NumberedClip {
  frame::Size size;
  int keyframe_every = 0;
  std::vector<std::vector<std::uint8_t>> frames;
  std::vector<std::size_t> pictures;  ///< By frame: `hash` of the decoded picture.
  std::size_t largest = 0;            ///< Bytes of the largest frame.
};

template <class Rows>
std::size_t hash(frame::Size size, Rows&& plane) {
  std::size_t sum = 0;
  for (int i = 0; i < 3; ++i) {
    const int width = i == 0 ? size.width : size.width / 2;
    const int height = i == 0 ? size.height : size.height / 2;
    const auto [data, stride] = plane(i);
    for (int y = 0; y < height; ++y) {
      const std::string_view row(reinterpret_cast<const char*>(data) + y * stride,
                                 static_cast<std::size_t>(width));
      sum = sum * 31 + std::hash<std::string_view>()(row);
    }
  }
  return sum;
}

inline std::size_t hash(const frame::Picture& picture) {
  const std::array planes{picture.y(), picture.u(), picture.v()};
  return hash(picture.size(), [&](int i) {
    const auto& plane = planes[static_cast<std::size_t>(i)];
    return std::pair(plane.data, plane.stride);
  });
}

inline std::optional<std::uint16_t> number_in(const frame::Picture& picture) {
  const auto y = picture.y();
  return read_number(y.data, 1, y.stride, picture.size().width,
                                   picture.size().height);
}

namespace clip {

inline gst::Ref<GstElement> playing(const std::string& text) {
  auto pipeline = gst::parse_pipeline(text).value();
  gst::drain_bus(pipeline.get(), {});
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  return pipeline;
}

inline gst::Ref<GstSample> pass(GstElement* pipeline, GstBuffer* buffer) {
  gst_app_src_push_buffer(GST_APP_SRC(gst::child(pipeline, "in").get()), buffer);
  auto sample = gst::adopt(gst_app_sink_try_pull_sample(
      GST_APP_SINK(gst::child(pipeline, "out").get()), 30 * GST_SECOND));
  if (!sample) throw std::runtime_error("the clip could not be made");
  return sample;
}

/// A picture of fine detail that moves: large keyframes, and a missed frame shows at once.
inline GstBuffer* drawn(frame::Size size, int number, std::vector<std::uint8_t>& texture) {
  const auto luma = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, luma * 3 / 2, nullptr);
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  if (texture.empty()) {
    texture.resize(luma * 2);
    std::uint32_t state = 12'345;
    for (auto& value : texture) {
      state = state * 1'664'525 + 1'013'904'223;
      value = static_cast<std::uint8_t>(96 + (state >> 27));  // Noise of 32 steps.
    }
  }
  const auto shift = static_cast<std::size_t>(number * 16);
  std::memcpy(map.data, texture.data() + shift, luma);
  std::memset(map.data + luma, 128, luma / 2);
  const int half = size.width / 2;
  draw_number(static_cast<std::uint16_t>(number), size.width, size.height, map.data,
                            size.width, map.data + luma, map.data + luma + luma / 4, half);
  gst_buffer_unmap(buffer, &map);
  GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(number) * GST_SECOND / 30;
  GST_BUFFER_DURATION(buffer) = GST_SECOND / 30;
  return buffer;
}

}  // namespace clip

inline NumberedClip make_clip(frame::Size size, int frames, int keyframe_every, int kbps) {
  const std::string dimensions = "width=" + std::to_string(size.width) +
                                 ",height=" + std::to_string(size.height) + ",framerate=30/1";
  const auto encoder = clip::playing(
      "appsrc name=in format=time caps=\"video/x-raw,format=I420," + dimensions +
      "\" ! vp8enc deadline=1 cpu-used=16 threads=2 end-usage=cbr lag-in-frames=0 min-quantizer=32"
      " max-quantizer=56 target-bitrate=" + std::to_string(kbps * 1'000) +
      " keyframe-max-dist=" + std::to_string(keyframe_every) +
      " ! appsink name=out sync=false");
  const auto decoder = clip::playing("appsrc name=in format=time caps=\"video/x-vp8," +
                                       dimensions +
                                       "\" ! vp8dec ! video/x-raw,format=I420 !"
                                       " appsink name=out sync=false");
  NumberedClip clip;
  clip.size = size;
  clip.keyframe_every = keyframe_every;
  std::vector<std::uint8_t> texture;
  for (int number = 0; number < frames; ++number) {
    const auto encoded = clip::pass(encoder.get(), clip::drawn(size, number, texture));
    GstBuffer* frame = gst_sample_get_buffer(encoded.get());
    const bool keyframe = GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT) == FALSE;
    if (keyframe != (number % keyframe_every == 0)) {
      throw std::runtime_error("a keyframe is not where it should be");
    }
    GstMapInfo map;
    gst_buffer_map(frame, &map, GST_MAP_READ);
    clip.frames.emplace_back(map.data, map.data + map.size);
    gst_buffer_unmap(frame, &map);
    clip.largest = std::max(clip.largest, clip.frames.back().size());

    const auto decoded = clip::pass(decoder.get(), gst_buffer_ref(frame));
    GstVideoInfo info;
    gst_video_info_from_caps(&info, gst_sample_get_caps(decoded.get()));
    GstVideoFrame video;
    gst_video_frame_map(&video, &info, gst_sample_get_buffer(decoded.get()), GST_MAP_READ);
    clip.pictures.push_back(hash(size, [&](int i) {
      return std::pair(static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&video, i)),
                       GST_VIDEO_FRAME_PLANE_STRIDE(&video, i));
    }));
    gst_video_frame_unmap(&video);
  }
  gst_element_set_state(encoder.get(), GST_STATE_NULL);
  gst_element_set_state(decoder.get(), GST_STATE_NULL);
  return clip;
}

}  // namespace surveillx::test_support
