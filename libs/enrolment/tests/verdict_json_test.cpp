#include "surveillx/enrolment/verdict_json.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <optional>

namespace surveillx::enrolment {
namespace {

TEST(VerdictJson, an_accepted_photo_has_no_reason_and_nothing_to_do) {
  const Verdict verdict{.accepted = true, .reason = "", .message = "", .like = std::nullopt};
  EXPECT_EQ(boost::json::serialize(to_json(verdict)), R"({"ok":true,"reason":null})");
}

TEST(VerdictJson, a_look_alike_is_named) {
  LookAlike ada;
  ada.person_id = PersonId::random();
  ada.person = "Ada";
  ada.distance = 0.25F;
  const Verdict verdict{
      .accepted = false, .reason = "looks_like", .message = "It looks like Ada.", .like = ada};
  const auto object = to_json(verdict);
  EXPECT_FALSE(object.at("ok").as_bool());
  EXPECT_EQ(object.at("reason").as_string(), "looks_like");
  EXPECT_EQ(object.at("message").as_string(), "It looks like Ada.");
  const auto& like = object.at("looks_like").as_object();
  EXPECT_EQ(like.at("person_id").as_string(), ada.person_id.str());
  EXPECT_EQ(like.at("person").as_string(), "Ada");
  EXPECT_EQ(like.at("distance").as_double(), 0.25);
}

}  // namespace
}  // namespace surveillx::enrolment
