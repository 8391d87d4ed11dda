#include "surveillx/demo/scene.hpp"
#include "surveillx/recognition/track_logic.hpp"
#include "surveillx/test_support/support.hpp"
#include "surveillx/vision/enrolment.hpp"

#include <gtest/gtest.h>
#include <opencv2/videoio.hpp>

#include <cstdio>
#include <fstream>
#include <map>
#include <set>

using namespace surveillx;
using namespace surveillx::recognition;
namespace fs = std::filesystem;

namespace {

/// What a camera would have made of some frames, at the rate of a busy one.
struct Outcome {
  std::set<std::string> named;
  std::size_t sightings = 0;
  std::uint64_t unknown = 0;
  int analysed = 0;
};

class Watcher {
 public:
  Watcher(vision::Engine& engine, std::shared_ptr<const vision::Gallery> gallery)
      : engine_(engine), gallery_(gallery), logic_({}, gallery) {}

  void look(const vision::Image& image, std::chrono::milliseconds t) {
    ++outcome_.analysed;
    auto faces = engine_.find_faces(image, vision::Effort::live);
    const auto kept = faces;
    const TrackLogic::FrameInfo info{static_cast<std::uint64_t>(outcome_.analysed), UnixMillis(t),
                                     SteadyTime(std::chrono::hours(1)) + t, image.size()};
    for (const std::size_t i : logic_.begin(info, std::move(faces))) {
      logic_.observe(i, engine_.embed(image, kept[i].detection));
    }
    (void)logic_.finish();
  }
  Outcome finish() {
    logic_.close();
    for (const auto& due : logic_.take_due()) {
      outcome_.named.insert(*gallery_->name_of(due.person_id));
      ++outcome_.sightings;
    }
    outcome_.unknown = logic_.counts().unknown;
    return outcome_;
  }

 private:
  vision::Engine& engine_;
  std::shared_ptr<const vision::Gallery> gallery_;
  TrackLogic logic_;
  Outcome outcome_;
};

std::vector<vision::Image> frames_of(const fs::path& clip, int step) {
  std::vector<vision::Image> frames;
  cv::VideoCapture video(clip.string());
  cv::Mat bgr;
  for (int n = 0; video.read(bgr); ++n) {
    if (n % step != 0) continue;
    frames.push_back(
        vision::Image::from_bgr(bgr.data, static_cast<int>(bgr.step), {bgr.cols, bgr.rows}));
  }
  return frames;
}

/// Plays a clip `loops` times, 7.5 frames a second.
Outcome watch(vision::Engine& engine, const std::shared_ptr<const vision::Gallery>& gallery,
              const fs::path& clip, int loops = 1) {
  Watcher watcher(engine, gallery);
  const auto frames = frames_of(clip, 4);
  int n = 0;
  for (int loop = 0; loop < loops; ++loop) {
    for (const auto& frame : frames) watcher.look(frame, std::chrono::milliseconds(133) * n++);
  }
  const Outcome outcome = watcher.finish();
  std::printf("%s: %d frames analysed, %zu sightings, %llu unknown\n", clip.filename().c_str(),
              outcome.analysed, outcome.sightings,
              static_cast<unsigned long long>(outcome.unknown));
  return outcome;
}

class Clips : public testing::Test {
 protected:
  void SetUp() override {
    const auto models = test_support::shared_path("models");
    const auto video = test_support::shared_path("video");
    if (!models || !video) GTEST_SKIP() << "needs ../shared/models and ../shared/video";
    video_ = *video;
    vision::EngineOptions options;
    options.name = "yunet+dlib";
    options.model_folders = {*models};
    engine_ = *vision::Engine::open(options);
    std::ifstream table(video_ / "people.csv");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
      const auto comma = line.find(',');
      clips_[line.substr(comma + 1)].push_back(line.substr(0, comma));
    }
    clips_.erase("stranger");
    ASSERT_EQ(clips_.size(), 5u);
  }

  /// Three frames of everybody's first clip, except of `left_out`.
  std::shared_ptr<const vision::Gallery> enrolled(const std::string& left_out = "") {
    std::vector<vision::Gallery::Entry> entries;
    for (const auto& [name, files] : clips_) {
      if (name == left_out) continue;
      const PersonId id = PersonId::random();
      const auto frames = frames_of(video_ / files.front(), 1);
      for (const std::size_t i : {std::size_t{0}, frames.size() / 2, frames.size() - 1}) {
        const auto face = vision::examine_photo(*engine_, frames[i]);
        if (face) entries.push_back({id, name, face->embedding});
      }
    }
    return vision::Gallery::build(std::move(entries), engine_->matching());
  }

  fs::path video_;
  std::shared_ptr<vision::Engine> engine_;
  std::map<std::string, std::vector<std::string>> clips_;
};

}  // namespace

TEST_F(Clips, enrolled_people_are_named_in_their_other_clips_and_nobody_else_is) {
  const auto gallery = enrolled();
  EXPECT_EQ(gallery->people(), 5u);
  for (const auto& [name, files] : clips_) {
    for (std::size_t i = 1; i < files.size(); ++i) {
      const Outcome outcome = watch(*engine_, gallery, video_ / files[i], 2);
      EXPECT_EQ(outcome.named, std::set<std::string>{name}) << files[i];
    }
  }
}

TEST_F(Clips, somebody_who_is_not_enrolled_is_nobody) {
  for (const auto& [name, files] : clips_) {
    const Outcome outcome = watch(*engine_, enrolled(name), video_ / files.back());
    EXPECT_TRUE(outcome.named.empty()) << files.back() << " is " << name;
  }
}

TEST_F(Clips, the_stranger_is_unknown_and_the_far_class_is_undecided) {
  const auto gallery = enrolled();
  const Outcome stranger = watch(*engine_, gallery, video_ / "head_pose_female_480x270.mp4", 3);
  EXPECT_TRUE(stranger.named.empty());
  EXPECT_GE(stranger.unknown, 1u);
  const Outcome far = watch(*engine_, gallery, video_ / "classroom_480x270.mp4");
  EXPECT_TRUE(far.named.empty());
  EXPECT_EQ(far.unknown, 0u);
}

namespace {

void expect_drawn_people_are_named(const char* name, std::vector<fs::path> folders) {
  vision::EngineOptions options;
  options.name = name;
  options.model_folders = std::move(folders);
  const auto engine = *vision::Engine::open(options);
  std::vector<vision::Gallery::Entry> entries;
  const std::vector<demo::Person> enrolled(demo::people().begin(), demo::people().begin() + 4);
  for (const demo::Person& person : enrolled) {
    const PersonId id = PersonId::random();
    for (const float yaw : {0.0F, 0.16F, -0.16F}) {
      const auto photo = demo::draw_face_jpeg(person, {.yaw = yaw});
      const auto face = vision::examine_photo(*engine, ByteView(*photo));
      if (face) entries.push_back({id, person.name, face->embedding});
    }
  }
  const auto gallery = vision::Gallery::build(std::move(entries), engine->matching());
  demo::Scene::Options cast;
  cast.cast = {enrolled[0], enrolled[1], enrolled[2], demo::stranger(1), demo::stranger(2)};
  demo::Scene scene(cast);
  std::set<std::string> there;
  Watcher watcher(*engine, gallery);
  for (int t = 0; t < 40'000; t += 400) {
    const std::chrono::milliseconds now(t);
    for (const auto& who : scene.present(now)) there.insert(who.name);
    watcher.look(vision::Image::from_picture(*scene.draw(now)), now);
  }
  const Outcome outcome = watcher.finish();
  std::printf("%s: %d drawn frames analysed, %zu named\n", name, outcome.analysed,
              outcome.named.size());
  EXPECT_GE(outcome.named.size(), 2u);
  for (const std::string& named : outcome.named) EXPECT_TRUE(there.contains(named)) << named;
  EXPECT_FALSE(outcome.named.contains(enrolled[3].name)) << "who never came";
}

}  // namespace

TEST(DrawnPeople, are_named_by_the_builtin_engine) { expect_drawn_people_are_named("builtin", {}); }

TEST(DrawnPeople, are_named_by_the_real_engine) {
  const auto models = test_support::shared_path("models");
  if (!models) GTEST_SKIP() << "needs ../shared/models";
  expect_drawn_people_are_named("yunet+dlib", {*models});
}
