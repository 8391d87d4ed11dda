#include "database_watcher.hpp"

#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <stdexcept>

namespace surveillx::mediaserver {
namespace {

using test_support::eventually;

/// Finds one good face in every picture, except that it throws while it is told to.
class ScriptedEngine final : public vision::Engine {
 public:
  ScriptedEngine() {
    info_.name = info_.model = matching_.model_id = "scripted";
    matching_.dimension = 1;
    matching_.threshold = matching_.max_threshold = matching_.live_threshold = 0.4F;
  }
  /// From now on everybody has one face.
  void find_look_alikes() { matching_.look_alike = 0.4F; }
  [[nodiscard]] const vision::EngineInfo& info() const override { return info_; }
  [[nodiscard]] const vision::Matching& matching() const override { return matching_; }
  [[nodiscard]] const vision::Gates& gates() const override { return gates_; }
  [[nodiscard]] std::vector<vision::FoundFace> find_faces(const vision::Image&,
                                                          vision::Effort) override {
    if (broken) throw std::runtime_error("an image library's assertion");
    vision::FoundFace face;
    face.detection.box = {0, 0, 64, 64};
    face.quality.size_px = 1000;
    face.quality.sharpness = 1e6F;
    face.quality.weight = 1;
    return {face};
  }
  [[nodiscard]] vision::Embedding embed(const vision::Image&, const vision::Detection&) override {
    return {info_.model, {0.5F}};
  }

  std::atomic<bool> broken{false};

 private:
  vision::EngineInfo info_;
  vision::Matching matching_;
  vision::Gates gates_;
};

class DatabaseWatcherTest : public testing::Test {
 protected:
  DatabaseWatcherTest() {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::create;
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral()).value();
    recognition_.emplace(engine_, pool_, recorder_, metrics_, config::Config{}, [](const live::Detection&) {});
    watcher_.emplace(*store_, &*recognition_, recorder_, metrics_,
                     DatabaseWatcher::Events{[this](DatabaseWatcher::CamerasNews news) {
                       cameras_ = news.cameras.size();
                     }});
  }

  PhotoId upload(const std::string& name) {
    const auto person = store_->people.create({name, "", ""}).value();
    // As fine as a real face: a flat one would count as blurred.
    std::vector<std::uint8_t> bgr(64 * 64 * 3);
    std::minstd_rand random(7);
    for (auto& value : bgr) value = static_cast<std::uint8_t>(random() % 256);
    const auto jpeg = vision::Image::from_bgr(bgr.data(), 64 * 3, {64, 64}).to_jpeg().value();
    return store_->photos.add_pending(person.id, "photo.jpg", jpeg).value().id;
  }
  [[nodiscard]] bool becomes(const PhotoId& photo, domain::PhotoStatus status) {
    return eventually([&] { return store_->photos.find(photo).value().status == status; });
  }

  test_support::TempDir dir_;
  telemetry::Metrics metrics_;
  WorkerPool pool_{"pool", 1, 16};
  std::shared_ptr<ScriptedEngine> engine_ = std::make_shared<ScriptedEngine>();
  SightingRecorder recorder_{
      [](const domain::Sighting&, ByteView) { return Result<void>(boost::system::in_place_value); },
      crypto::KeyRing::ephemeral(), metrics_, [] {}};
  std::shared_ptr<store::Store> store_;
  std::optional<RecognitionService> recognition_;
  std::atomic<std::size_t> cameras_{0};
  std::optional<DatabaseWatcher> watcher_;
};

}  // namespace

TEST_F(DatabaseWatcherTest, a_photo_that_an_image_library_throws_at_is_refused_and_the_next_taken) {
  ASSERT_TRUE(watcher_->load_now().has_value());
  watcher_->start();
  engine_->broken = true;
  const PhotoId bad = upload("Ada");
  ASSERT_TRUE(becomes(bad, domain::PhotoStatus::refused));
  EXPECT_EQ(store_->photos.find(bad).value().reason, "not_an_image");
  engine_->broken = false;
  EXPECT_TRUE(becomes(upload("Ben"), domain::PhotoStatus::accepted));
}

TEST_F(DatabaseWatcherTest, an_uploaded_look_alike_is_refused_with_whom_it_looks_like) {
  engine_->find_look_alikes();
  watcher_.emplace(*store_, &*recognition_, recorder_, metrics_,
                   DatabaseWatcher::Events{[](const DatabaseWatcher::CamerasNews&) {}});
  ASSERT_TRUE(watcher_->load_now().has_value());
  watcher_->start();
  const PhotoId ada = upload("Ada");
  ASSERT_TRUE(becomes(ada, domain::PhotoStatus::accepted));
  const PhotoId eve = upload("Eve");
  ASSERT_TRUE(becomes(eve, domain::PhotoStatus::refused));
  const auto refused = store_->photos.find(eve).value();
  EXPECT_EQ(refused.reason, "looks_like");
  EXPECT_EQ(refused.like, store_->photos.find(ada).value().person_id);
  ASSERT_TRUE(store_->photos.insist(eve));
  EXPECT_TRUE(becomes(eve, domain::PhotoStatus::accepted));
}

TEST_F(DatabaseWatcherTest, a_camera_added_elsewhere_is_told_while_photos_wait) {
  ASSERT_TRUE(watcher_->load_now().has_value());
  for (int i = 0; i < 20; ++i) (void)upload("Person " + std::to_string(i));
  watcher_->start();
  ASSERT_TRUE(store_->cameras.add("gate").has_value());
  watcher_->wake();
  EXPECT_TRUE(eventually([&] { return cameras_ == 1; }));
}

}  // namespace surveillx::mediaserver
