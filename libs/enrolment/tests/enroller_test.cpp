#include "surveillx/enrolment/enroller.hpp"

#include "surveillx/test_support/postgres_server.hpp"
#include "surveillx/test_support/support.hpp"

#include "line.hpp"

#include <gtest/gtest.h>

#include <array>
#include <barrier>
#include <thread>

namespace surveillx::enrolment {
namespace {

/// A photo whose face is at `x` on a line; its bytes say so.
Candidate photo(float x) {
  const std::string text = "photo at " + std::to_string(x);
  vision::Enrolment enrolment;
  enrolment.embedding = {"line", {x}};
  return {.file_name = "photo.jpg", .bytes = Bytes(text.begin(), text.end()), .examined = enrolment};
}

class EnrollerTest : public testing::TestWithParam<store::DatabaseKind> {
 protected:
  void SetUp() override {
    options_.data_dir = dir_.path();
    options_.schema = store::SchemaPolicy::migrate;
    if (GetParam() == store::DatabaseKind::postgresql) {
      auto* server = test_support::PostgresServer::shared();
      if (server == nullptr) GTEST_SKIP() << "no PostgreSQL server on this machine";
      options_.url = server->create_database();
    }
    store_ = store::Store::open(options_, keys_).value();
  }

  Enrolled create(const std::string& name, std::vector<Candidate> photos,
                  const Insistence& insistence = {}) {
    Enroller enroller(*store_, line());
    auto enrolled = enroller.create({name, "", ""}, std::move(photos), insistence);
    if (!enrolled) throw Failure(enrolled.error());
    return *std::move(enrolled);
  }
  std::int64_t accepted(const PersonId& person) {
    return store_->people.find_summary(person).value().photos.accepted;
  }

  test_support::TempDir dir_;
  store::DatabaseOptions options_;
  crypto::KeyRing keys_ = crypto::KeyRing::ephemeral();
  std::shared_ptr<store::Store> store_;
};
INSTANTIATE_TEST_SUITE_P(, EnrollerTest,
                         testing::Values(store::DatabaseKind::sqlite,
                                         store::DatabaseKind::postgresql),
                         [](const auto& kind) { return std::string(to_string(kind.param)); });

TEST_P(EnrollerTest, the_same_face_under_a_second_name_is_refused_with_whose_it_is) {
  const auto ada = create("Ada", {photo(0), photo(0.1F)});
  ASSERT_TRUE(ada.person);
  const auto twin = create("Eve", {photo(0), photo(0.05F)});
  EXPECT_FALSE(twin.person);
  for (const auto& verdict : twin.photos) {
    EXPECT_EQ(verdict.reason, "looks_like");
    ASSERT_TRUE(verdict.like);
    EXPECT_EQ(verdict.like->person_id, ada.person->id);
    EXPECT_EQ(verdict.like->person, "Ada");
  }
  EXPECT_TRUE(store_->people.find_by("Eve")->empty());
  const auto insisted = create("Eve", {photo(0.05F)}, {.look_alike = true});
  ASSERT_TRUE(insisted.person);
  EXPECT_EQ(accepted(insisted.person->id), 1);
}

TEST_P(EnrollerTest, of_two_faces_in_one_call_one_is_set_aside) {
  const auto ada = create("Ada", {photo(0), photo(3)});
  ASSERT_TRUE(ada.person);
  EXPECT_TRUE(ada.photos[0].accepted);
  EXPECT_EQ(ada.photos[1].reason, "unlike_others");
  EXPECT_EQ(accepted(ada.person->id), 1);
  Enroller enroller(*store_, line());
  const auto more = enroller.add(ada.person->id, {photo(0.2F), photo(4)}, {}).value();
  EXPECT_TRUE(more[0].accepted);
  EXPECT_EQ(more[1].reason, "unlike_others");
  EXPECT_EQ(accepted(ada.person->id), 2);
}

TEST_P(EnrollerTest, the_same_bytes_twice_are_one_photo) {
  const auto ada = create("Ada", {photo(0), photo(0)});
  ASSERT_TRUE(ada.person);
  EXPECT_TRUE(ada.photos[1].accepted);
  EXPECT_EQ(accepted(ada.person->id), 1);
  Enroller enroller(*store_, line());
  const auto before = store_->revision.current().value();
  EXPECT_TRUE(enroller.add(ada.person->id, {photo(0)}, {}).value().front().accepted);
  EXPECT_EQ(accepted(ada.person->id), 1);
  EXPECT_EQ(store_->revision.current().value(), before);
}

TEST_P(EnrollerTest, an_upload_is_judged_like_a_command_s_photo) {
  const auto ada = create("Ada", {photo(0)});
  const auto eve = store_->people.create({"Eve", "", ""}).value();
  const Candidate face = photo(0.1F);
  const auto upload = store_->photos.add_pending(eve.id, "eve.jpg", face.bytes).value();
  Enroller enroller(*store_, line());
  auto claimed = store_->photos.claim_next("media").value();
  ASSERT_TRUE(claimed);
  EXPECT_EQ(enroller.decide(*claimed, "media", face.examined).value().reason, "looks_like");
  const auto refused = store_->photos.find(upload.id).value();
  EXPECT_EQ(refused.status, domain::PhotoStatus::refused);
  EXPECT_EQ(refused.reason, "looks_like");
  EXPECT_EQ(refused.like, ada.person->id);
  ASSERT_TRUE(store_->photos.insist(upload.id));
  claimed = store_->photos.claim_next("media").value();
  ASSERT_TRUE(claimed && claimed->insisted);
  EXPECT_TRUE(enroller.decide(*claimed, "media", face.examined).value().accepted);
  EXPECT_EQ(accepted(eve.id), 1);
}

TEST_P(EnrollerTest, who_was_enrolled_since_the_gallery_was_read_counts) {
  const auto keeper = std::make_shared<GalleryKeeper>(*store_, line());
  ASSERT_EQ(keeper->refresh()->gallery->vectors(), 0u);
  Enroller early(*store_, keeper);
  const auto ada = create("Ada", {photo(0)});
  const auto late = early.create({"Eve", "", ""}, {photo(0.1F)}, {}).value();
  EXPECT_FALSE(late.person);
  EXPECT_EQ(late.photos.front().reason, "looks_like");
}

TEST_P(EnrollerTest, of_two_that_enrol_one_face_at_the_same_moment_one_is_refused) {
  constexpr int kRounds = 20;
  const auto second = store::Store::open(options_, keys_).value();
  std::barrier together(2);
  std::array<std::vector<bool>, 2> added;
  const auto enrol = [&](store::Store& store, std::size_t who) {
    Enroller enroller(store, line());
    for (int round = 0; round < kRounds; ++round) {
      together.arrive_and_wait();
      const auto x = 10.0F * static_cast<float>(round);
      auto enrolled = enroller.create({"Person " + std::to_string(who), "", ""}, {photo(x)}, {});
      added[who].push_back(enrolled && enrolled->person.has_value());
    }
  };
  std::thread other([&] { enrol(*second, 1); });
  enrol(*store_, 0);
  other.join();
  for (std::size_t round = 0; round < kRounds; ++round) {
    EXPECT_NE(added[0][round], added[1][round]) << "round " << round;
  }
}

}  // namespace
}  // namespace surveillx::enrolment
