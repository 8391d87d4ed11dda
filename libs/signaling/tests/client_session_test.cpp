#include "surveillx/signaling/client_session.hpp"

#include "surveillx/base/clock.hpp"
#include "surveillx/signaling/codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace surveillx::signaling::client {
namespace {

struct Word {
  std::string operator()(const client::Send& a) const {
    if (const auto* hello = std::get_if<Hello>(&a.message)) {
      return "hello " + hello->token.value_or("-");
    }
    if (const auto* offer = std::get_if<Offer>(&a.message)) return "offer " + offer->sdp;
    if (const auto* ice = std::get_if<Ice>(&a.message)) return "ice " + ice->candidate;
    return std::holds_alternative<Bye>(a.message) ? "bye" : "other";
  }
  std::string operator()(const client::MakeOffer& a) const {
    return "make-offer " + a.camera_id + " " + std::to_string(a.ice_servers.size());
  }
  std::string operator()(const client::SetAnswer& a) const { return "set-answer " + a.sdp; }
  std::string operator()(const client::AddCandidate& a) const { return "add " + a.candidate; }
  std::string operator()(const client::Finish& a) const {
    return std::string(a.fatal ? "fatal " : "retry ") + a.code;
  }
};

std::string words(const client::Actions& actions) {
  std::string out;
  for (const client::Action& action : actions) {
    if (!out.empty()) out += ", ";
    out += std::visit(Word{}, action);
  }
  return out;
}

struct Script {
  ManualClock clock;
  ClientSession session{{.token = "t", .name = "cam"}};

  Script& step(const client::Actions& actions, const std::string& expected) {
    EXPECT_EQ(words(actions), expected);
    return *this;
  }
  Script& hear(const Message& message, const std::string& expected) {
    return step(session.text(clock.steady(), encode(message)), expected);
  }
  Script& wait(int ms, const std::string& expected) {
    clock.advance(std::chrono::milliseconds(ms));
    return step(session.tick(clock.steady()), expected);
  }
  Script& to_welcome() {
    step(session.socket_opened(clock.steady()), "hello t");
    return hear(Welcome{"id", {{{"stun:s"}, "", ""}}}, "make-offer id 1");
  }
  Script& to_offer() {
    to_welcome();
    return step(session.local_offer(clock.steady(), "O"), "offer O");
  }
};

TEST(ClientSession, says_hello_offers_and_takes_the_answer) {
  Script s;
  s.to_offer().hear(Answer{"A"}, "set-answer A");
  EXPECT_TRUE(s.session.answered());
  s.step(s.session.local_candidate("c", 0), "ice c").step(s.session.local_candidate("", 0), "ice ");
  s.hear(Ice{"r", 0}, "add r").step(s.session.stop(), "bye").hear(Ice{"r", 0}, "");
}

TEST(ClientSession, candidates_wait_for_offer_and_answer) {
  Script s;
  s.to_welcome().step(s.session.local_candidate("early", 0), "");
  s.step(s.session.local_offer(s.clock.steady(), "O"), "offer O, ice early");
  s.hear(Ice{"r", 0}, "").hear(Answer{"A"}, "set-answer A, add r");
}

TEST(ClientSession, close_codes_decide_between_giving_up_and_trying_again) {
  struct Case {
    std::uint16_t code;
    const char* expected;
  };
  const std::vector<Case> cases{
      {4401, "fatal unauthorized"}, {4409, "fatal taken_over"}, {4408, "retry closed"},
      {4410, "retry closed"},       {1000, "retry closed"},     {1001, "retry closed"},
      {1006, "retry closed"},       {1008, "retry closed"},     {1009, "retry closed"},
      {1013, "retry closed"},
  };
  for (const Case& c : cases) {
    Script s;
    s.to_offer().step(s.session.socket_closed(c.code, ""), c.expected);
    s.step(s.session.socket_closed(c.code, ""), "");
    EXPECT_TRUE(s.session.finished());
  }
}

TEST(ClientSession, what_the_server_said_before_closing_is_reported) {
  Script s;
  s.step(s.session.socket_opened(s.clock.steady()), "hello t");
  s.hear(ErrorMessage{"unavailable", "the database is away"}, "");
  const client::Actions end = s.session.socket_closed(1013, "");
  ASSERT_EQ(words(end), "retry unavailable");
  EXPECT_EQ(std::get<client::Finish>(end[0]).message, "the database is away");
}

TEST(ClientSession, refused_offer_starts_over) {
  Script s;
  s.to_offer().hear(ErrorMessage{"unsupported_codec", "x"}, "retry unsupported_codec");
}

TEST(ClientSession, unauthorized_waits_for_the_close_code) {
  Script s;
  s.to_offer().hear(ErrorMessage{"unauthorized", "x"}, "");
  s.step(s.session.socket_closed(4401, ""), "fatal unauthorized");
}

TEST(ClientSession, every_step_has_a_time_limit) {
  Script greet;
  greet.step(greet.session.socket_opened(greet.clock.steady()), "hello t");
  greet.wait(9'999, "").wait(1, "retry timeout").wait(60'000, "");
  Script offer;
  offer.to_welcome().wait(10'000, "retry timeout");
  Script answer;
  answer.to_offer().wait(10'000, "retry timeout");
  Script live;
  live.to_offer().hear(Answer{"A"}, "set-answer A").wait(3'600'000, "");
}

TEST(ClientSession, failed_media_says_bye_and_tries_again) {
  Script s;
  s.to_offer().hear(Answer{"A"}, "set-answer A");
  s.step(s.session.media_failed("ICE failed"), "bye, retry media_failed");
}

TEST(ClientSession, garbage_from_the_server_ends_this_try) {
  Script s;
  s.to_offer().step(s.session.text(s.clock.steady(), "{"), "retry bad_message");
}

TEST(ClientSession, second_welcome_or_answer_and_unknown_types_are_ignored) {
  Script s;
  s.to_offer().hear(Welcome{"id", {}}, "").hear(Unknown{"later"}, "");
  s.hear(Answer{"A"}, "set-answer A").hear(Answer{"B"}, "");
}

TEST(ClientSession, remote_candidates_before_the_answer_are_bounded) {
  Script s;
  s.to_offer();
  for (std::size_t i = 0; i < 4 * kMaxCandidates; ++i) s.hear(Ice{"r", 0}, "");
  EXPECT_LE(s.session.text(s.clock.steady(), encode(Answer{"A"})).size(), kMaxCandidates + 2);
}

}  // namespace
}  // namespace surveillx::signaling::client
