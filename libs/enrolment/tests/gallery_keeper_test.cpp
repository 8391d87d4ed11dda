#include "surveillx/enrolment/gallery_keeper.hpp"

#include "surveillx/enrolment/enroller.hpp"
#include "surveillx/test_support/postgres_server.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace surveillx::enrolment {
namespace {

vision::Matching flat() {
  vision::Matching matching;
  matching.model_id = "flat";
  matching.dimension = 2;
  matching.threshold = matching.max_threshold = matching.live_threshold = 0.4F;
  return matching;
}

/// A photo whose face is at `x`; its bytes say which photo it is.
store::AcceptedPhoto face(float x, std::uint8_t bytes = 1) {
  return {.file_name = "photo.jpg", .bytes = {bytes}, .model = "flat", .embedding = {x, 0}};
}

class GalleryKeeperTest : public testing::TestWithParam<store::DatabaseKind> {
 protected:
  void SetUp() override {
    store::DatabaseOptions options;
    options.data_dir = dir_.path();
    options.schema = store::SchemaPolicy::migrate;
    if (GetParam() == store::DatabaseKind::postgresql) {
      auto* server = test_support::PostgresServer::shared();
      if (server == nullptr) GTEST_SKIP() << "no PostgreSQL server on this machine";
      options.url = server->create_database();
    }
    store_ = store::Store::open(options, crypto::KeyRing::ephemeral()).value();
    keeper_ = std::make_shared<GalleryKeeper>(*store_, flat());
    for (int i = 0; i < kPeople; ++i) {
      const auto x = static_cast<float>(i);
      people_.push_back(add("Person " + std::to_string(i), {face(x, 1), face(x, 2)}));
    }
    (void)gallery();
  }

  PersonId add(const std::string& name, const std::vector<store::AcceptedPhoto>& photos = {}) {
    return store_->people.create({name, "", ""}, photos).value().id;
  }
  std::shared_ptr<const vision::Gallery> gallery() { return keeper_->refresh().value().gallery; }
  /// How many vectors the last change has had opened.
  std::uint64_t newly_opened() {
    (void)gallery();
    return keeper_->opened() - std::exchange(opened_, keeper_->opened());
  }
  std::optional<vision::Match> nearest(float x) { return gallery()->nearest({"flat", {x, 0}}); }

  static constexpr int kPeople = 4;
  test_support::TempDir dir_;
  std::shared_ptr<store::Store> store_;
  std::shared_ptr<GalleryKeeper> keeper_;
  std::vector<PersonId> people_;
  std::uint64_t opened_ = 2 * kPeople;  ///< By SetUp.
};
INSTANTIATE_TEST_SUITE_P(, GalleryKeeperTest,
                         testing::Values(store::DatabaseKind::sqlite,
                                         store::DatabaseKind::postgresql),
                         [](const auto& kind) { return std::string(to_string(kind.param)); });

TEST_P(GalleryKeeperTest, one_more_person_has_nobody_else_s_vectors_opened) {
  EXPECT_EQ(keeper_->opened(), 2u * kPeople);
  add("Eve", {face(9)});
  EXPECT_EQ(newly_opened(), 1u);
  EXPECT_EQ(gallery()->people(), 1u + kPeople);
  EXPECT_EQ(gallery()->vectors(), 1u + 2u * kPeople);
  EXPECT_EQ(nearest(9)->name, "Eve");
  EXPECT_EQ(nearest(1)->name, "Person 1");
  ASSERT_TRUE(store_->photos.add_accepted(people_[1], face(1.1F, 3)));
  EXPECT_EQ(newly_opened(), 1u);
}

TEST_P(GalleryKeeperTest, a_refused_photo_opens_nothing_and_leaves_the_gallery_as_it_is) {
  const auto before = gallery();
  const auto photo = store_->photos.add_pending(people_[0], "upload.jpg", Bytes{9}).value();
  EXPECT_EQ(newly_opened(), 0u);
  ASSERT_TRUE(store_->photos.claim_next("media").value());
  ASSERT_TRUE(store_->photos.refuse(photo.id, "media", "flat", "no_face"));
  EXPECT_EQ(newly_opened(), 0u);
  add("Nobody's face");
  EXPECT_EQ(newly_opened(), 0u);
  EXPECT_EQ(gallery(), before) << "recognisers would judge every face in view again";
}

TEST_P(GalleryKeeperTest, another_name_is_taken_without_opening_anything) {
  ASSERT_TRUE(store_->people.update(people_[2], {"Ada", "", ""}));
  EXPECT_EQ(nearest(2)->name, "Ada");
  EXPECT_EQ(newly_opened(), 0u);
}

TEST_P(GalleryKeeperTest, who_is_removed_and_a_removed_photo_are_gone_and_the_others_stay_open) {
  ASSERT_TRUE(store_->people.remove(people_[3]));
  EXPECT_EQ(gallery()->name_of(people_[3]), nullptr);
  ASSERT_TRUE(store_->photos.remove(store_->photos.list(people_[0])->front().id));
  EXPECT_EQ(gallery()->vectors(), 2u * kPeople - 3);
  EXPECT_EQ(newly_opened(), 0u);
}

TEST_P(GalleryKeeperTest, a_vector_that_was_written_anew_is_opened_again) {
  // The bytes are those of a photo that is there: it stays, and gets another vector.
  ASSERT_TRUE(store_->photos.add_accepted(people_[1], face(7, 2)));
  EXPECT_EQ(newly_opened(), 1u);
  EXPECT_EQ(gallery()->vectors(), 2u * kPeople);
  EXPECT_EQ(nearest(7)->name, "Person 1");
}

TEST_P(GalleryKeeperTest, enrolling_many_with_one_enroller_opens_each_vector_once) {
  Enroller enroller(*store_, keeper_);
  for (int i = 0; i < 5; ++i) {
    vision::Enrolment examined;
    examined.embedding = {"flat", {20.0F + static_cast<float>(i), 0}};
    const auto bytes = static_cast<std::uint8_t>(i);
    ASSERT_TRUE(enroller.create({"New " + std::to_string(i), "", ""},
                                {{.file_name = "a.jpg", .bytes = {bytes}, .examined = examined}}, {}));
  }
  EXPECT_EQ(newly_opened(), 5u);
}

TEST_P(GalleryKeeperTest, a_comparison_sees_new_vectors_and_is_not_kept_up_by_other_changes) {
  const auto before = keeper_->refresh_vectors().value();
  ASSERT_TRUE(store_->people.update(people_[2], {"Ada", "", ""}));
  EXPECT_EQ(keeper_->refresh_vectors()->gallery, before.gallery);
  const auto eve = add("Eve", {face(9)});
  const auto after = keeper_->refresh_vectors().value();
  EXPECT_NE(after.gallery->name_of(eve), nullptr);
  EXPECT_EQ(after.vectors, before.vectors + 1);
  EXPECT_EQ(nearest(2)->name, "Ada");
}

TEST_P(GalleryKeeperTest, a_vector_that_does_not_fit_the_model_is_left_out_and_not_opened_again) {
  store::AcceptedPhoto misfit = face(9);
  misfit.embedding.push_back(0);
  const auto eve = add("Eve", {misfit});
  EXPECT_EQ(newly_opened(), 1u);
  EXPECT_EQ(gallery()->skipped(), 1u);
  ASSERT_TRUE(store_->people.update(eve, {"Eva", "", ""}));
  EXPECT_EQ(newly_opened(), 0u);
  EXPECT_EQ(gallery()->skipped(), 1u);
  EXPECT_EQ(nearest(3)->name, "Person 3");
}

TEST_P(GalleryKeeperTest, vectors_stay_as_they_are_however_often_the_gallery_is_built) {
  auto cosine = flat();
  cosine.metric = vision::Metric::cosine;
  GalleryKeeper keeper(*store_, cosine);
  store::AcceptedPhoto slanted = face(0);
  slanted.embedding = {0.3F, 0.7F};
  const auto eve = add("Eve", {slanted});
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(store_->people.update(eve, {"Eve " + std::to_string(i), "", ""}));
    ASSERT_TRUE(keeper.refresh());
  }
  const auto found = keeper.refresh()->gallery->nearest({"flat", slanted.embedding});
  EXPECT_EQ(found->name, "Eve 19");
  EXPECT_NEAR(found->distance, 0, 1e-6);
  EXPECT_EQ(keeper.opened(), 1u + 2u * kPeople);
}

TEST_P(GalleryKeeperTest, threads_that_ask_at_once_never_go_back_and_end_with_one_gallery) {
  constexpr int kAdded = 10;
  std::atomic<bool> done{false};
  std::atomic<bool> went_back{false};
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&, names = i % 2 == 0] {
      std::int64_t vectors = 0;
      while (!done) {
        const auto kept = names ? keeper_->refresh() : keeper_->refresh_vectors();
        if (!kept) continue;  // The database was busy.
        if (kept->vectors < vectors) went_back = true;
        vectors = kept->vectors;
      }
    });
  }
  for (int i = 0; i < kAdded; ++i) {
    add("New " + std::to_string(i), {face(20.0F + static_cast<float>(i))});
  }
  const bool removed = store_->people.remove(people_[0]).has_value();
  done = true;
  for (auto& asker : askers) asker.join();
  EXPECT_TRUE(removed);
  EXPECT_FALSE(went_back);
  EXPECT_EQ(gallery()->vectors(), 2u * (kPeople - 1) + kAdded);
  EXPECT_EQ(gallery(), keeper_->refresh_vectors()->gallery);
  EXPECT_EQ(gallery()->name_of(people_[0]), nullptr);
  EXPECT_EQ(nearest(29)->name, "New 9");
}

}  // namespace
}  // namespace surveillx::enrolment
