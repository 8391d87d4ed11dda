#include "surveillx/camera/source.hpp"

#include "surveillx/gst/element.hpp"
#include "surveillx/gst/reaper.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>

namespace surveillx::camera {
namespace {

/// Counts pictures and remembers what they look like.
class Viewer {
 public:
  [[nodiscard]] Source::Events events() {
    Source::Events events;
    events.on_picture = [this](const gst::Ref<GstSample>& picture) {
      GstVideoInfo info;
      ASSERT_TRUE(gst_video_info_from_caps(&info, gst_sample_get_caps(picture.get())));
      const std::lock_guard lock(mutex_);
      ++pictures_;
      size_ = {info.width, info.height};
      format_ = GST_VIDEO_INFO_FORMAT(&info);
      brightness_.insert(sum(gst_sample_get_buffer(picture.get())));
      changed_.notify_all();
    };
    events.on_failure = [this](const Error& error) {
      const std::lock_guard lock(mutex_);
      failures_.push_back(error.message);
      changed_.notify_all();
    };
    return events;
  }
  [[nodiscard]] bool wait_pictures(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      return pictures_ >= count || !failures_.empty();
    }) && failures_.empty();
  }
  [[nodiscard]] int pictures() const {
    const std::lock_guard lock(mutex_);
    return pictures_;
  }
  [[nodiscard]] frame::Size size() const { return size_; }
  [[nodiscard]] GstVideoFormat format() const { return format_; }
  [[nodiscard]] std::size_t different() const { return brightness_.size(); }

 private:
  static std::uint64_t sum(GstBuffer* buffer) {
    GstMapInfo map;
    std::uint64_t total = 0;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ) == 0) return 0;
    for (gsize i = 0; i < map.size; ++i) total = total * 31 + map.data[i];
    gst_buffer_unmap(buffer, &map);
    return total;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int pictures_ = 0;
  frame::Size size_;
  GstVideoFormat format_ = GST_VIDEO_FORMAT_UNKNOWN;
  std::set<std::uint64_t> brightness_;
  std::vector<std::string> failures_;
};

/// Runs a pipeline to its end: for making files to play.
void run_to_end(const std::string& description) {
  auto pipeline = gst::parse_pipeline(description);
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  gst_element_set_state(pipeline->get(), GST_STATE_PLAYING);
  const auto bus = gst::adopt(gst_element_get_bus(pipeline->get()));
  const auto message = gst::adopt(
      gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND,
                                 static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  ASSERT_TRUE(message);
  ASSERT_EQ(GST_MESSAGE_TYPE(message.get()), GST_MESSAGE_EOS);
  gst_element_set_state(pipeline->get(), GST_STATE_NULL);
}

Result<std::unique_ptr<Source>> open(const std::string& text, const VideoFormat& format = {}) {
  return Source::open(*parse_source(text), format);
}

TEST(CameraSource, demo_and_test_give_moving_pictures_of_the_size_asked_for) {
  for (const char* const name : {"demo", "test"}) {
    SCOPED_TRACE(name);
    auto source = open(name, {frame::Size{320, 240}, 30});
    ASSERT_TRUE(source) << source.error().message;
    Viewer viewer;
    ASSERT_TRUE((*source)->start(viewer.events()));
    ASSERT_TRUE(viewer.wait_pictures(6));
    (*source)->stop();
    EXPECT_EQ(viewer.size(), (frame::Size{320, 240}));
    EXPECT_EQ(viewer.format(), GST_VIDEO_FORMAT_I420);
    EXPECT_GE(viewer.different(), 2U);
  }
}

TEST(CameraSource, nothing_comes_after_stop_and_it_can_be_started_again) {
  auto source = open("test", {frame::Size{160, 120}, 30});
  ASSERT_TRUE(source);
  for (int round = 0; round < 3; ++round) {
    Viewer viewer;
    ASSERT_TRUE((*source)->start(viewer.events()));
    ASSERT_TRUE(viewer.wait_pictures(2));
    (*source)->stop();
    const int seen = viewer.pictures();
    EXPECT_FALSE(test_support::eventually([&] { return viewer.pictures() != seen; },
                                          std::chrono::milliseconds(80)));
  }
}

class CameraFile : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(gst::init()); }
  void TearDown() override { EXPECT_TRUE(gst::drain_reaper(std::chrono::seconds(10))); }
  test_support::TempDir dir_;
};

TEST_F(CameraFile, keeps_its_own_size_and_starts_over_at_its_end) {
  const std::string path = dir_.file("a \"clip\".mkv");
  // Ten pictures, with sound beside them.
  run_to_end(
      "videotestsrc num-buffers=10 ! video/x-raw,format=I420,width=192,height=128,framerate=25/1 !"
      " vp8enc deadline=1 ! matroskamux name=mux ! filesink location=\"" +
      dir_.file("a \\\"clip\\\".mkv") + "\" audiotestsrc num-buffers=20 ! vorbisenc ! mux.");
  auto source = open("file:" + path);
  ASSERT_TRUE(source) << source.error().message;
  Viewer viewer;
  ASSERT_TRUE((*source)->start(viewer.events()));
  EXPECT_TRUE(viewer.wait_pictures(35));
  (*source)->stop();
  EXPECT_EQ(viewer.size(), (frame::Size{192, 128}));
}

TEST_F(CameraFile, is_scaled_when_a_size_is_asked_for) {
  run_to_end(
      "videotestsrc num-buffers=5 ! video/x-raw,width=160,height=120,framerate=25/1 ! "
      "jpegenc ! avimux ! filesink location=" +
      dir_.file("clip.avi"));
  auto source = open("file:" + dir_.file("clip.avi"), {frame::Size{320, 180}, 15});
  ASSERT_TRUE(source) << source.error().message;
  Viewer viewer;
  ASSERT_TRUE((*source)->start(viewer.events()));
  EXPECT_TRUE(viewer.wait_pictures(4));
  (*source)->stop();
  EXPECT_EQ(viewer.size(), (frame::Size{320, 180}));
}

TEST_F(CameraFile, that_cannot_be_played_is_named_at_the_start) {
  test_support::write_file(dir_.file("text.mp4"), "this is no video\n");
  test_support::write_file(dir_.file("empty.mp4"), "");
  run_to_end("audiotestsrc num-buffers=5 ! wavenc ! filesink location=" + dir_.file("sound.wav"));
  struct Case {
    std::string path;
    ErrorName error;
  };
  const std::vector<Case> cases{{dir_.file("none.mp4"), kSourceMissing},
                                {dir_.path().string(), kSourceMissing},
                                {dir_.file("text.mp4"), kSourceUnreadable},
                                {dir_.file("empty.mp4"), kSourceUnreadable},
                                {dir_.file("sound.wav"), kSourceUnreadable}};
  for (const Case& c : cases) {
    const auto source = open("file:" + c.path);
    ASSERT_FALSE(source) << c.path;
    EXPECT_EQ(source.error().name, c.error) << c.path;
    EXPECT_NE(source.error().message.find(c.path), std::string::npos) << source.error().message;
  }
}

TEST(CameraSource, device_that_is_not_there_is_named) {
  const auto source = open("device:977");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().name, kSourceMissing);
  EXPECT_NE(source.error().message.find("/dev/video977"), std::string::npos);
}

}  // namespace
}  // namespace surveillx::camera
