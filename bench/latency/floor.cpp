// The floor below any receiver: `latency_floor CLIP.ivf` times vp8dec and cv::cvtColor alone over
// the same frames at the same pace (a decoder that runs back to back has warmer caches than one
// that wakes 30 times a second). Writes {"latency_ns": [...], "cpu_percent": ...}.
#include "surveillx/gst/bus.hpp"
#include "surveillx/gst/element.hpp"

#include "clock.hpp"
#include "ivf.hpp"

#include <boost/json.hpp>
#include <opencv2/imgproc.hpp>

#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>

namespace {

using namespace surveillx;
using namespace std::chrono_literals;

struct Decoded {
  std::mutex mutex;
  std::condition_variable changed;
  cv::Mat bgr;
  std::size_t frames = 0;
  std::int64_t at = 0;

  void picture(GstSample* sample) {
    GstVideoInfo info;
    gst_video_info_from_caps(&info, gst_sample_get_caps(sample));
    GstVideoFrame video;
    if (gst_video_frame_map(&video, &info, gst_sample_get_buffer(sample), GST_MAP_READ) == FALSE) {
      return;
    }
    const int width = GST_VIDEO_INFO_WIDTH(&info);
    const int height = GST_VIDEO_INFO_HEIGHT(&info);
    // The decoder's planes lie one after another without padding at these sizes, as cvtColor wants.
    const cv::Mat i420(height * 3 / 2, width, CV_8UC1, GST_VIDEO_FRAME_PLANE_DATA(&video, 0));
    cv::cvtColor(i420, bgr, cv::COLOR_YUV2BGR_I420);
    const auto now = bench::now_ns();
    gst_video_frame_unmap(&video);
    const std::lock_guard lock(mutex);
    at = now;
    ++frames;
    changed.notify_all();
  }
};

int run(const std::string& path) {
  const auto clip = bench::read_ivf(path);
  cv::setNumThreads(1);
  const auto pipeline = gst::parse_pipeline(
                            "appsrc name=in is-live=true do-timestamp=true format=time"
                            " caps=\"video/x-vp8,width=" +
                            std::to_string(clip.width) + ",height=" + std::to_string(clip.height) +
                            ",framerate=30/1\" ! vp8dec ! video/x-raw,format=I420 !"
                            " appsink name=out sync=false")
                            .value();
  gst::drain_bus(pipeline.get(), [](const gst::BusEvent& event) {
    if (event.kind == gst::BusEvent::Kind::error) std::cerr << event.message << '\n';
  });
  Decoded decoded;
  auto tap = gst::SampleTap::attach(
      gst::child(pipeline.get(), "out").get(),
      [&decoded](const gst::Ref<GstSample>& sample) { decoded.picture(sample.get()); });
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto in = gst::child(pipeline.get(), "in");
  boost::json::array latencies;
  const auto start_ns = bench::now_ns();
  const auto cpu_start = bench::cpu_ns();
  auto next = std::chrono::steady_clock::now();
  std::size_t pushed = 0;
  for (const auto& frame : clip.frames) {
    std::this_thread::sleep_until(next);
    next += std::chrono::nanoseconds(1'000'000'000 / 30);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, frame.size(), nullptr);
    gst_buffer_fill(buffer, 0, frame.data(), frame.size());
    const auto from = bench::now_ns();
    gst_app_src_push_buffer(GST_APP_SRC(in.get()), buffer);
    ++pushed;
    std::unique_lock lock(decoded.mutex);
    if (!decoded.changed.wait_for(lock, 5s, [&] { return decoded.frames >= pushed; })) {
      throw std::runtime_error("a frame was not decoded");
    }
    latencies.push_back(decoded.at - from);
  }
  const auto cpu = bench::cpu_ns() - cpu_start;
  const auto wall = bench::now_ns() - start_ns;
  tap.close();
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  std::cout << boost::json::serialize(boost::json::object{
                   {"latency_ns", std::move(latencies)},
                   {"cpu_percent", 100.0 * static_cast<double>(cpu) / static_cast<double>(wall)}})
            << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: latency_floor CLIP.ivf\n";
    return 2;
  }
  try {
    return run(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "latency_floor: " << error.what() << '\n';
    return 1;
  }
}
