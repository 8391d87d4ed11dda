#include "photo_examiner.hpp"

#include "scripted_engine.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace surveillx::mediaserver {
namespace {

using domain::PhotoStatus;
using test_support::eventually;

class PhotoExaminerTest : public testing::Test {
 protected:
  PhotoExaminerTest() {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::create;
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral()).value();
  }
  ~PhotoExaminerTest() override { engine_.release(); }

  void start() {
    keeper_ = std::make_shared<enrolment::GalleryKeeper>(*store_, engine_.matching());
    examiner_.emplace(*store_, engine_, keeper_, health_, pulse_,
                      metrics_.counter("photos_decided_total", "Uploaded photos examined"),
                      [this] { ++told_; });
    ASSERT_TRUE(examiner_->requeue());
    examiner_->start();
  }
  PhotoId upload(const std::string& name) {
    const PhotoId photo = upload_photo(*store_, name);
    if (examiner_) examiner_->wake();
    return photo;
  }
  [[nodiscard]] PhotoStatus status(const PhotoId& photo) {
    return store_->photos.find(photo).value().status;
  }
  [[nodiscard]] bool becomes(const PhotoId& photo, PhotoStatus wanted) {
    return eventually([&] { return status(photo) == wanted; });
  }

  test_support::TempDir dir_;
  telemetry::Metrics metrics_;
  DatabaseHealth health_{metrics_};
  FollowerPulse pulse_{{}};
  ScriptedEngine engine_;
  std::shared_ptr<store::Store> store_;
  std::shared_ptr<enrolment::GalleryKeeper> keeper_;
  std::atomic<int> told_{0};
  std::optional<PhotoExaminer> examiner_;
};

TEST_F(PhotoExaminerTest, a_photo_that_an_image_library_throws_at_is_refused_and_the_next_taken) {
  start();
  engine_.broken = true;
  const PhotoId bad = upload("Ada");
  ASSERT_TRUE(becomes(bad, PhotoStatus::refused));
  EXPECT_EQ(store_->photos.find(bad).value().reason, "not_an_image");
  engine_.broken = false;
  EXPECT_TRUE(becomes(upload("Ben"), PhotoStatus::accepted));
}

TEST_F(PhotoExaminerTest, an_uploaded_look_alike_is_refused_with_whom_it_looks_like) {
  engine_.find_look_alikes();
  start();
  const PhotoId ada = upload("Ada");
  ASSERT_TRUE(becomes(ada, PhotoStatus::accepted));
  const PhotoId eve = upload("Eve");
  ASSERT_TRUE(becomes(eve, PhotoStatus::refused));
  const auto refused = store_->photos.find(eve).value();
  EXPECT_EQ(refused.reason, "looks_like");
  EXPECT_EQ(refused.like, store_->photos.find(ada).value().person_id);
  ASSERT_TRUE(store_->photos.insist(eve));
  EXPECT_TRUE(becomes(eve, PhotoStatus::accepted));
}

TEST_F(PhotoExaminerTest, each_vector_is_opened_once_however_many_photos_are_decided) {
  constexpr int kPhotos = 6;
  engine_.hold();
  start();
  for (int i = 0; i < kPhotos; ++i) (void)upload("Person " + std::to_string(i));
  engine_.release();
  ASSERT_TRUE(eventually([&] { return told_ > 0; }));
  EXPECT_EQ(keeper_->refresh()->gallery->vectors(), std::size_t{kPhotos});
  EXPECT_EQ(keeper_->opened(), std::uint64_t{kPhotos});
}

TEST_F(PhotoExaminerTest, it_tells_that_photos_were_decided_when_no_other_waits) {
  engine_.hold();
  start();
  const PhotoId first = upload("Ada");
  ASSERT_TRUE(eventually([&] { return engine_.begun == 1; }));
  const PhotoId second = upload("Ben");
  engine_.release();
  ASSERT_TRUE(eventually([&] { return told_ > 0; }));
  EXPECT_EQ(status(first), PhotoStatus::accepted);
  EXPECT_EQ(status(second), PhotoStatus::accepted);
  EXPECT_EQ(told_, 1);
}

TEST_F(PhotoExaminerTest, told_to_stop_it_finishes_the_photo_under_way_and_begins_no_other) {
  engine_.hold();
  start();
  const PhotoId first = upload("Ada");
  ASSERT_TRUE(eventually([&] { return engine_.begun == 1; }));
  const PhotoId second = upload("Ben");
  examiner_->stop_soon();
  EXPECT_EQ(status(first), PhotoStatus::pending);
  engine_.release();
  examiner_->stop();
  EXPECT_EQ(status(first), PhotoStatus::accepted);
  EXPECT_EQ(status(second), PhotoStatus::pending);
}

}  // namespace
}  // namespace surveillx::mediaserver
