#include "database_followers.hpp"

#include "scripted_engine.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace surveillx::mediaserver {
namespace {

using domain::PhotoStatus;
using test_support::eventually;

class DatabaseFollowersTest : public testing::Test {
 protected:
  DatabaseFollowersTest() {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::create;
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral()).value();
    recognition_.emplace(engine_, pool_, recorder_, metrics_, config::Config{},
                         [](const live::Detection&) {});
    followers_.emplace(*store_, &*recognition_, metrics_,
                       DatabaseFollowers::Events{[this](const CamerasNews& news) {
                                                   cameras_ = news.cameras.size();
                                                   tokens_ = news.token_hashes.size();
                                                 },
                                                 [this](const auto& revisions) {
                                                   if (revisions) ++looks_;
                                                 }},
                       clock_);
  }
  ~DatabaseFollowersTest() override { engine_->release(); }

  [[nodiscard]] PhotoStatus status(const PhotoId& photo) {
    return store_->photos.find(photo).value().status;
  }
  PersonId enrol(const std::string& name) {
    return store_->people
        .create({name, "", ""},
                {{.file_name = "a.jpg", .bytes = {1}, .model = "scripted", .embedding = {0.5F}}})
        .value()
        .id;
  }
  double recognisable() {
    return metrics_.gauge("gallery_people", "People who can be recognised").value();
  }
  /// A photo that takes until the engine is released is being looked at.
  [[nodiscard]] std::optional<PhotoId> begin_slow_photo() {
    engine_->hold();
    const PhotoId photo = upload_photo(*store_, "Slow");
    followers_->wake();
    if (!eventually([&] { return engine_->begun > 0; })) return std::nullopt;
    return photo;
  }

  test_support::TempDir dir_;
  telemetry::Metrics metrics_;
  ManualClock clock_;  ///< By which it is seen how long somebody takes.
  WorkerPool pool_{"pool", 1, 16};
  std::shared_ptr<ScriptedEngine> engine_ = std::make_shared<ScriptedEngine>();
  SightingRecorder recorder_{
      [](const domain::Sighting&, ByteView) { return Result<void>(boost::system::in_place_value); },
      crypto::KeyRing::ephemeral(), metrics_, [] {}};
  std::shared_ptr<store::Store> store_;
  std::optional<RecognitionService> recognition_;
  std::atomic<std::size_t> cameras_{0};
  std::atomic<std::size_t> tokens_{0};
  std::atomic<int> looks_{0};
  std::optional<DatabaseFollowers> followers_;
};

TEST_F(DatabaseFollowersTest, a_photo_that_takes_long_holds_up_neither_cameras_nor_removals) {
  const PersonId ada = enrol("Ada");
  ASSERT_TRUE(store_->cameras.add("gate").has_value());
  ASSERT_TRUE(followers_->load_now().has_value());
  EXPECT_EQ(cameras_, 1u);
  EXPECT_EQ(recognisable(), 1);
  followers_->start();
  const auto slow = begin_slow_photo();
  ASSERT_TRUE(slow);
  ASSERT_TRUE(store_->cameras.add("door").has_value());
  followers_->wake();
  EXPECT_TRUE(eventually([&] { return cameras_ == 2 && tokens_ == 2; }));
  ASSERT_TRUE(store_->people.remove(ada));
  followers_->wake();
  EXPECT_TRUE(eventually([&] { return recognisable() == 0; }));
  EXPECT_EQ(status(*slow), PhotoStatus::pending);
  clock_.advance(std::chrono::seconds(20));
  EXPECT_TRUE(followers_->look_after()) << "nor is it a reason to begin anew";
  EXPECT_GE(metrics_
                .gauge("photo_examiner_seconds_since_look",
                       "Since the thread that examines photos last asked for one: how long the one "
                       "under way takes")
                .value(),
            20);
  engine_->release();
  EXPECT_TRUE(eventually([&] { return recognisable() == 1; }));
  EXPECT_EQ(status(*slow), PhotoStatus::accepted);
}

TEST_F(DatabaseFollowersTest, a_camera_added_elsewhere_is_told_while_photos_wait) {
  ASSERT_TRUE(followers_->load_now().has_value());
  for (int i = 0; i < 20; ++i) (void)upload_photo(*store_, "Person " + std::to_string(i));
  followers_->start();
  ASSERT_TRUE(store_->cameras.add("gate").has_value());
  followers_->wake();
  EXPECT_TRUE(eventually([&] { return cameras_ == 1; }));
}

TEST_F(DatabaseFollowersTest, stopping_leaves_a_photo_under_way_until_it_is_joined) {
  ASSERT_TRUE(followers_->load_now().has_value());
  followers_->start();
  const auto slow = begin_slow_photo();
  ASSERT_TRUE(slow);
  followers_->stop();
  const int looks = looks_;
  EXPECT_EQ(status(*slow), PhotoStatus::pending);
  engine_->release();
  followers_->join();
  EXPECT_EQ(status(*slow), PhotoStatus::accepted);
  EXPECT_EQ(looks_, looks) << "nobody is told of a look once they are stopped";
}

TEST_F(DatabaseFollowersTest, without_recognition_cameras_are_followed_and_photos_left_alone) {
  followers_.emplace(*store_, nullptr, metrics_,
                     DatabaseFollowers::Events{[this](const CamerasNews& news) {
                                                 cameras_ = news.cameras.size();
                                               },
                                               [this](const auto&) { ++looks_; }});
  const PhotoId photo = upload_photo(*store_, "Ada");
  ASSERT_TRUE(followers_->load_now().has_value());
  followers_->start();
  ASSERT_TRUE(store_->cameras.add("gate").has_value());
  followers_->wake();
  EXPECT_TRUE(eventually([&] { return cameras_ == 1 && looks_ > 1; }));
  EXPECT_EQ(status(photo), PhotoStatus::pending);
}

}  // namespace
}  // namespace surveillx::mediaserver
