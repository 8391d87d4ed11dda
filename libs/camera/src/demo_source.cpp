#include "surveillx/demo/scene.hpp"

#include "sources.hpp"

#include <gst/video/video.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

namespace surveillx::camera {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class DemoSource : public Source {
 public:
  DemoSource(frame::Size size, int fps) : scene_({size, 1, {}}), fps_(fps) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, static_cast<guint>(scene_.size().width),
                              static_cast<guint>(scene_.size().height));
    info.fps_n = fps;
    info.fps_d = 1;
    info_ = info;
    caps_ = gst::adopt(gst_video_info_to_caps(&info));
  }
  ~DemoSource() override { stop(); }

  Result<void> start(Events events) override {
    stop();
    events_ = std::move(events);
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void stop() override {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    events_ = {};
  }

 private:
  void run() {
    const auto interval = std::chrono::nanoseconds(1'000'000'000 / fps_);
    auto due = steady_clock::now();
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      // Time goes on over reconnects, and stands still while nobody watches.
      events_.on_picture(sample(std::chrono::duration_cast<milliseconds>(shown_ * interval)));
      ++shown_;
      due += interval;
      const auto now = steady_clock::now();
      if (now > due + 4 * interval) due = now;  // Too slow for this rate: do not run after it.
      lock.lock();
      wake_.wait_until(lock, due, [this] { return stopping_; });
    }
  }

  [[nodiscard]] gst::Ref<GstSample> sample(milliseconds t) {
    const frame::PicturePtr picture = scene_.draw(t);
    const auto buffer = gst::adopt(gst_buffer_new_allocate(nullptr, info_.size, nullptr));
    GstMapInfo map;
    if (gst_buffer_map(buffer.get(), &map, GST_MAP_WRITE) != 0) {
      const std::array<frame::Picture::Plane, 3> planes{picture->y(), picture->u(), picture->v()};
      for (std::size_t p = 0; p < 3; ++p) {
        const int shift = p == 0 ? 0 : 1;
        const auto width = static_cast<std::size_t>(info_.width >> shift);
        for (int row = 0; row < info_.height >> shift; ++row) {
          std::memcpy(map.data + info_.offset[p] +
                          static_cast<std::size_t>(row) * static_cast<std::size_t>(info_.stride[p]),
                      planes[p].data + static_cast<std::ptrdiff_t>(row) * planes[p].stride, width);
        }
      }
      gst_buffer_unmap(buffer.get(), &map);
    }
    return gst::adopt(gst_sample_new(buffer.get(), caps_.get(), nullptr, nullptr));
  }

  demo::Scene scene_;
  int fps_;
  GstVideoInfo info_{};
  gst::Ref<GstCaps> caps_;
  Events events_;
  std::int64_t shown_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Source>> open_demo_source(frame::Size size, int fps) {
  return std::unique_ptr<Source>(std::make_unique<DemoSource>(size, fps));
}

}  // namespace surveillx::camera
