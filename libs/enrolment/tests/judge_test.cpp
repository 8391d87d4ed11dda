#include "surveillx/enrolment/judge.hpp"

#include "line.hpp"

#include <gtest/gtest.h>

namespace surveillx::enrolment {
namespace {

vision::Embedding at(float x) { return {"line", {x}}; }

class Judge : public testing::Test {
 protected:
  std::vector<std::string> verdicts(const std::optional<PersonId>& person,
                                    const std::vector<vision::Embedding>& photos,
                                    const Insistence& insistence = {}) {
    const auto gallery = vision::Gallery::build(
        {{ada_, "Ada", at(0)}, {ada_, "Ada", at(0.2F)}, {bob_, "Bob", at(5)}}, line());
    std::vector<std::string> reasons;
    for (const Judgement& judgement : judge(*gallery, person, photos, insistence)) {
      reasons.push_back(judgement.refused ? std::string(judgement.refused->name.text()) : "ok");
      if (judgement.like) last_like_ = *judgement.like;
    }
    return reasons;
  }

  const PersonId ada_ = PersonId::random();
  const PersonId bob_ = PersonId::random();
  LookAlike last_like_;
};

using Reasons = std::vector<std::string>;

TEST_F(Judge, a_newcomer_near_somebody_is_refused_with_whom) {
  EXPECT_EQ(verdicts(std::nullopt, {at(0.5F)}), Reasons{"looks_like"});
  EXPECT_EQ(last_like_.person_id, ada_);
  EXPECT_EQ(last_like_.person, "Ada");
  EXPECT_NEAR(last_like_.distance, 0.3F, 1e-5F);
  EXPECT_EQ(verdicts(std::nullopt, {at(0.7F)}), Reasons{"ok"});
}

TEST_F(Judge, an_operator_may_insist_on_twins) {
  EXPECT_EQ(verdicts(std::nullopt, {at(0)}, {.look_alike = true}), Reasons{"ok"});
}

TEST_F(Judge, a_newcomer_s_photos_nearly_as_like_are_refused_with_the_one_that_is) {
  EXPECT_EQ(verdicts(std::nullopt, {at(0.55F), at(0.68F)}), (Reasons{"looks_like", "looks_like"}));
  EXPECT_EQ(verdicts(std::nullopt, {at(0.55F), at(0.9F)}), (Reasons{"looks_like", "ok"}));
}

TEST_F(Judge, a_person_s_own_photo_is_no_look_alike_while_clearly_nearer_to_the_own) {
  EXPECT_EQ(verdicts(ada_, {at(0.3F)}), Reasons{"ok"});
  const auto twins =
      vision::Gallery::build({{ada_, "Ada", at(0)}, {bob_, "Bob", at(0.35F)}}, line());
  EXPECT_FALSE(judge(*twins, ada_, std::vector{at(0.05F)}, {}).front().refused);
  EXPECT_TRUE(judge(*twins, ada_, std::vector{at(0.17F)}, {}).front().refused);
}

TEST_F(Judge, a_photo_unlike_the_person_s_others_is_set_aside) {
  EXPECT_EQ(verdicts(bob_, {at(5.5F), at(7)}), (Reasons{"ok", "unlike_others"}));
  EXPECT_EQ(verdicts(bob_, {at(7)}, {.unlike = true}), Reasons{"ok"});
}

TEST_F(Judge, of_a_newcomer_s_photos_the_largest_group_stays_and_of_equals_the_first) {
  EXPECT_EQ(verdicts(std::nullopt, {at(20), at(10), at(10.5F)}),
            (Reasons{"unlike_others", "ok", "ok"}));
  EXPECT_EQ(verdicts(std::nullopt, {at(20), at(10)}), (Reasons{"ok", "unlike_others"}));
  EXPECT_EQ(verdicts(std::nullopt, {at(10), at(10.5F), at(11), at(12)}),
            (Reasons{"ok", "ok", "ok", "unlike_others"}));
}

TEST_F(Judge, vectors_of_another_model_are_compared_with_nobody) {
  EXPECT_EQ(verdicts(std::nullopt, {{"other", {0}}}), Reasons{"ok"});
}

}  // namespace
}  // namespace surveillx::enrolment
