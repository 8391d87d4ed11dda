// Makes the clip that all receivers are measured with: `latency_clip OUT.ivf WIDTH HEIGHT FRAMES
// [VIDEO]`. Pictures come from the video, repeated as often as needed, or from a moving test
// pattern; each carries its number. VP8 at 2 Mb/s, as a camera encodes it in real time.
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"
#include "surveillx/gst/ref.hpp"
#include "surveillx/test_support/frame_number.hpp"

#include "ivf.hpp"

#include <cstdlib>
#include <iostream>

namespace {

using namespace surveillx;

struct Size {
  int width;
  int height;
};

std::string caps_text(Size size) {
  return "video/x-raw,format=I420,width=" + std::to_string(size.width) +
         ",height=" + std::to_string(size.height) + ",framerate=30/1";
}

gst::Ref<GstElement> started(const std::string& description) {
  auto pipeline = gst::parse_pipeline(description).value();
  gst::drain_bus(pipeline.get(), [](const gst::BusEvent& event) {
    if (event.kind == gst::BusEvent::Kind::error) {
      std::cerr << event.source << ": " << event.message << '\n';
      std::_Exit(1);
    }
  });
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  return pipeline;
}

gst::Ref<GstElement> source(const std::string& video, Size size) {
  const std::string tail = " ! videoconvert ! videoscale ! videorate ! " + caps_text(size) +
                           ",pixel-aspect-ratio=1/1 ! appsink name=out sync=false max-buffers=4";
  return started((video.empty() ? std::string("videotestsrc pattern=smpte horizontal-speed=3")
                                : "filesrc location=\"" + video + "\" ! decodebin") +
                 tail);
}

gst::Ref<GstSample> pull(GstElement* sink) {
  return gst::adopt(gst_app_sink_pull_sample(GST_APP_SINK(sink)));
}

gst::Ref<GstBuffer> numbered(GstSample* sample, std::uint16_t number) {
  auto buffer = gst::adopt(gst_buffer_copy_deep(gst_sample_get_buffer(sample)));
  GstVideoInfo info;
  gst_video_info_from_caps(&info, gst_sample_get_caps(sample));
  GstVideoFrame frame;
  gst_video_frame_map(&frame, &info, buffer.get(), GST_MAP_READWRITE);
  const auto plane = [&](guint i) {
    return static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, i));
  };
  test_support::draw_number(number, GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info),
                            plane(0), GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0), plane(1), plane(2),
                            GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 1));
  gst_video_frame_unmap(&frame);
  GST_BUFFER_PTS(buffer.get()) = gst_util_uint64_scale(number, GST_SECOND, 30);
  GST_BUFFER_DURATION(buffer.get()) = GST_SECOND / 30;
  return buffer;
}

int run(const std::string& out, Size size, int frames, const std::string& video) {
  auto from = source(video, size);
  const auto encoder =
      started("appsrc name=in format=time max-buffers=4 block=true caps=\"" + caps_text(size) +
              "\" ! vp8enc deadline=1 cpu-used=8 threads=2 end-usage=cbr target-bitrate=2000000"
              " keyframe-max-dist=3000 lag-in-frames=0 ! appsink name=out sync=false");
  const auto in = gst::child(encoder.get(), "in");
  const auto encoded = gst::child(encoder.get(), "out");
  bench::Clip clip{size.width, size.height, {}};
  for (int number = 0; number < frames; ++number) {
    auto sample = pull(gst::child(from.get(), "out").get());
    if (!sample) {  // The end of the video: once more from the start.
      gst_element_set_state(from.get(), GST_STATE_NULL);
      from = source(video, size);
      sample = pull(gst::child(from.get(), "out").get());
      if (!sample) throw std::runtime_error("the video has no pictures");
    }
    auto buffer = numbered(sample.get(), static_cast<std::uint16_t>(number));
    gst_app_src_push_buffer(GST_APP_SRC(in.get()), buffer.release());
    const auto frame = pull(encoded.get());
    GstMapInfo map;
    gst_buffer_map(gst_sample_get_buffer(frame.get()), &map, GST_MAP_READ);
    clip.frames.emplace_back(map.data, map.data + map.size);
    gst_buffer_unmap(gst_sample_get_buffer(frame.get()), &map);
  }
  gst_element_set_state(from.get(), GST_STATE_NULL);
  gst_element_set_state(encoder.get(), GST_STATE_NULL);
  bench::write_ivf(out, clip);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: latency_clip OUT.ivf WIDTH HEIGHT FRAMES [VIDEO]\n";
    return 2;
  }
  try {
    return run(argv[1], {std::atoi(argv[2]), std::atoi(argv[3])}, std::atoi(argv[4]),
               argc > 5 ? argv[5] : "");
  } catch (const std::exception& error) {
    std::cerr << "latency_clip: " << error.what() << '\n';
    return 1;
  }
}
