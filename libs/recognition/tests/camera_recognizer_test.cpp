#include "surveillx/recognition/camera_recognizer.hpp"

#include "surveillx/test_support/support.hpp"

#include "motion_gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

using namespace surveillx;
using namespace surveillx::recognition;
using domain::FaceStatus;
using domain::SightingKind;
using std::chrono::milliseconds;
using test_support::eventually;

namespace {

vision::Matching matching() {
  vision::Matching m;
  m.model_id = "fake";
  m.dimension = 1;
  m.threshold = m.max_threshold = m.live_threshold = 0.4F;
  m.margin = 0.05F;
  m.stranger_gap = 0.02F;
  return m;
}

/// Finds one face, whose vector is `vector`, as long as `present`.
class FakeEngine : public vision::Engine {
 public:
  const vision::EngineInfo& info() const override { return info_; }
  const vision::Matching& matching() const override { return matching_; }
  const vision::Gates& gates() const override { return gates_; }
  std::vector<vision::FoundFace> find_faces(const vision::Image&, vision::Effort) override {
    ++looks;
    if (broken) throw std::runtime_error("a picture that cannot be read");
    if (!present) return {};
    vision::FoundFace face;
    face.detection.box = {100, 100, 80, 80};
    face.quality.weight = 0.9F;
    return {face};
  }
  vision::Embedding embed(const vision::Image&, const vision::Detection&) override {
    return {"fake", {vector}};
  }

  std::atomic<int> looks{0};
  std::atomic<bool> present{true};
  std::atomic<bool> broken{false};
  std::atomic<float> vector{0.1F};

 private:
  vision::EngineInfo info_{"fake", "fake", false, ""};
  vision::Matching matching_ = ::matching();
  vision::Gates gates_;
};

/// Frames come as fast as the recognizer takes them, while the clock runs 100 ms each.
class Camera : public testing::Test {
 protected:
  void start(std::shared_ptr<const vision::Gallery> gallery) {
    CameraRecognizer::Callbacks callbacks;
    callbacks.on_detection = [this](const DetectionResult& result) {
      const std::lock_guard lock(mutex_);
      detections_.push_back(result);
    };
    callbacks.on_sighting = [this](const SightingCandidate& candidate) {
      const std::lock_guard lock(mutex_);
      sightings_.push_back(candidate);
    };
    recognizer_ = std::make_unique<CameraRecognizer>(camera_, engine_, std::move(gallery),
                                                     callbacks, Options{}, clock_);
  }
  std::shared_ptr<const vision::Gallery> ada() {
    return vision::Gallery::build({{ada_, "Ada", {"fake", {0}}}}, matching());
  }

  /// A frame in which everything moved, or one that is as the one before.
  void offer(bool moving = true) {
    clock_.advance(milliseconds(100));
    auto picture = frame::WritablePicture::allocate({640, 480});
    if (moving) shade_ = static_cast<std::uint8_t>(shade_ == 40 ? 200 : 40);
    std::fill_n(picture->plane(0), static_cast<std::size_t>(picture->y().stride) * 480, shade_);
    for (int plane : {1, 2}) {
      std::fill_n(picture->plane(plane), static_cast<std::size_t>(picture->u().stride) * 240,
                  std::uint8_t{128});
    }
    recognizer_->offer({picture, ++seq_, clock_.now(), clock_.steady()});
  }
  /// Offers frames until `condition` holds.
  bool run_until(const std::function<bool()>& condition, bool moving = true) {
    return eventually([&] {
      if (condition()) return true;
      offer(moving);
      return false;
    });
  }
  std::size_t sightings() {
    const std::lock_guard lock(mutex_);
    return sightings_.size();
  }
  SightingCandidate sighting(std::size_t i) {
    const std::lock_guard lock(mutex_);
    return sightings_.at(i);
  }
  bool last_face_is(FaceStatus status) {
    const std::lock_guard lock(mutex_);
    return !detections_.empty() && !detections_.back().faces.empty() &&
           detections_.back().faces.front().status == status;
  }

  const CameraId camera_ = CameraId::random();
  const PersonId ada_ = PersonId::random();
  ManualClock clock_;
  std::shared_ptr<FakeEngine> engine_ = std::make_shared<FakeEngine>();
  std::uint64_t seq_ = 0;
  std::uint8_t shade_ = 40;
  std::mutex mutex_;
  std::vector<DetectionResult> detections_;
  std::vector<SightingCandidate> sightings_;
  std::unique_ptr<CameraRecognizer> recognizer_;  ///< Last: its callbacks use the rest.
};

}  // namespace

TEST_F(Camera, a_known_face_is_reported_and_makes_a_sighting_with_a_picture) {
  start(ada());
  ASSERT_TRUE(run_until([&] { return sightings() == 1; }));
  const auto first = sighting(0);
  EXPECT_EQ(first.sighting.kind, SightingKind::first);
  EXPECT_EQ(first.sighting.person_id, ada_);
  EXPECT_EQ(first.sighting.camera_id, camera_);
  EXPECT_EQ(first.sighting.model, "fake");
  EXPECT_FALSE(first.sighting.id.empty());
  ASSERT_GT(first.snapshot.size(), 100u);
  EXPECT_EQ(first.snapshot.data()[0], 0xFF);
  ASSERT_TRUE(run_until([&] { return last_face_is(FaceStatus::known); }));
  EXPECT_EQ(recognizer_->counters().known_decisions, 1u);
  EXPECT_GE(recognizer_->counters().frames_analysed, 3u);
}

TEST_F(Camera, stopping_delivers_the_last_sighting_and_nothing_after_it) {
  start(ada());
  ASSERT_TRUE(run_until([&] { return sightings() == 1; }));
  recognizer_->stop();
  ASSERT_EQ(sightings(), 2u);
  EXPECT_EQ(sighting(1).sighting.kind, SightingKind::last);
  EXPECT_NE(sighting(1).sighting.id, sighting(0).sighting.id);
  offer();
  recognizer_->stop();
  EXPECT_EQ(sightings(), 2u);
}

TEST_F(Camera, a_camera_that_falls_silent_ends_its_tracks) {
  start(ada());
  ASSERT_TRUE(run_until([&] { return sightings() == 1; }));
  clock_.advance(std::chrono::seconds(10));
  ASSERT_TRUE(eventually([&] { return sightings() == 2; }));
  EXPECT_EQ(sighting(1).sighting.kind, SightingKind::last);
}

TEST_F(Camera, the_session_s_end_ends_its_tracks_and_the_next_session_begins_anew) {
  start(ada());
  ASSERT_TRUE(run_until([&] { return sightings() == 1; }));
  recognizer_->end_session();
  ASSERT_TRUE(eventually([&] { return sightings() == 2; }));
  ASSERT_TRUE(run_until([&] { return sightings() == 3; }));
  EXPECT_EQ(sighting(2).sighting.kind, SightingKind::first);
}

TEST_F(Camera, a_person_enrolled_meanwhile_is_recognised) {
  start(vision::Gallery::empty(matching()));
  ASSERT_TRUE(run_until([&] { return recognizer_->counters().unknown_decisions == 1; }));
  EXPECT_EQ(sightings(), 0u);
  recognizer_->set_gallery(ada());
  // From the faces it remembers: no further frame is needed.
  EXPECT_TRUE(eventually([&] { return sightings() == 1; }));
}

TEST_F(Camera, a_still_picture_is_hardly_looked_at) {
  engine_->present = false;
  start(ada());
  ASSERT_TRUE(run_until([&] { return recognizer_->counters().frames_analysed >= 1; }));
  const auto taken = [&] {
    const Counters c = recognizer_->counters();
    return c.frames_analysed + c.frames_dropped;
  };
  for (int i = 0; i < 300; ++i) {
    const auto before = taken();
    offer(false);
    ASSERT_TRUE(eventually([&] { return taken() > before; }));
  }
  // 30 s of the camera's time: some looks while the motion is recent, then one each 5 s.
  EXPECT_LE(engine_->looks, 16);
  EXPECT_GE(engine_->looks, 5);
}

TEST_F(Camera, an_engine_that_throws_costs_frames_and_not_the_camera) {
  start(ada());
  engine_->broken = true;
  ASSERT_TRUE(run_until([&] { return engine_->looks >= 3; }));
  engine_->broken = false;
  EXPECT_TRUE(run_until([&] { return sightings() == 1; }));
}

TEST(MotionGate, noise_is_no_motion_and_a_small_face_is) {
  const auto picture = [](int noise, int face) {
    auto p = frame::WritablePicture::allocate({1280, 720});
    for (int y = 0; y < 720; ++y) {
      for (int x = 0; x < 1280; ++x) {
        const bool inside = face > 0 && x >= 600 && x < 600 + face && y >= 300 && y < 300 + face;
        p->plane(0)[y * p->y().stride + x] = static_cast<std::uint8_t>(
            (inside ? 180 : 100) + (x * 7 + y * 13 + noise) % (noise + 1));
      }
    }
    return p;
  };
  MotionGate gate;
  EXPECT_TRUE(gate.moved(*picture(0, 0)));
  EXPECT_FALSE(gate.moved(*picture(6, 0)));
  EXPECT_TRUE(gate.moved(*picture(0, 60)));
  EXPECT_FALSE(gate.moved(*picture(0, 60)));
  EXPECT_TRUE(gate.moved(*picture(0, 0)));
}
