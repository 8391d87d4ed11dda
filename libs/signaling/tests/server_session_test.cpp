#include "surveillx/signaling/server_session.hpp"

#include "surveillx/base/clock.hpp"
#include "surveillx/signaling/codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace surveillx::signaling {
namespace {

// An action in a few words, so that a conversation reads as a table.
struct Word {
  std::string operator()(const SendMessage& a) const {
    if (const auto* error = std::get_if<ErrorMessage>(&a.message)) return "error " + error->code;
    if (const auto* answer = std::get_if<Answer>(&a.message)) return "answer " + answer->sdp;
    if (const auto* ice = std::get_if<Ice>(&a.message)) {
      return "ice " + ice->candidate + "@" + std::to_string(ice->mline_index);
    }
    if (const auto* welcome = std::get_if<Welcome>(&a.message)) {
      return "welcome " + std::to_string(welcome->ice_servers.size());
    }
    return "other";
  }
  std::string operator()(const Authenticate& a) const { return "authenticate " + a.token; }
  std::string operator()(const StartSession& a) const {
    return "start " + std::to_string(a.offer) + " " + a.sdp + (a.trickle ? " trickle" : "");
  }
  std::string operator()(const AddCandidate& a) const {
    return "add " + std::to_string(a.offer) + " " + a.candidate + "@" +
           std::to_string(a.mline_index);
  }
  std::string operator()(const EndSession& a) const {
    return "end " + std::to_string(a.offer) + " " + a.why;
  }
  std::string operator()(const Close& a) const {
    return "close " + std::to_string(static_cast<int>(a.code));
  }
};

std::string words(const Actions& actions) {
  std::string out;
  for (const Action& action : actions) {
    if (!out.empty()) out += ", ";
    out += std::visit(Word{}, action);
  }
  return out;
}

const CameraId kCamera = CameraId::trusted("5f0c2a4e-52b9-4a6f-9a0e-3f6b1b0f7d11");
const std::string kTrickle = "a=ice-options:trickle";

/// One conversation: each step calls an input and names the actions that must follow.
class Script {
 public:
  Script() : session(make_options()) {}

  static ServerSession::Options make_options() {
    ServerSession::Options options;
    options.ice_servers = {{{"stun:s"}, "", ""}};
    return options;
  }

  Script& step(const Actions& actions, const std::string& expected) {
    EXPECT_EQ(words(actions), expected) << "in step " << ++steps_;
    return *this;
  }
  Script& open(const std::string& expected) {
    return step(session.opened(clock.steady(), std::nullopt), expected);
  }
  Script& open(const std::string& token, const std::string& expected) {
    return step(session.opened(clock.steady(), token), expected);
  }
  Script& hear(const Message& message, const std::string& expected) {
    return step(session.text(clock.steady(), encode(message)), expected);
  }
  Script& hear_text(const std::string& text, const std::string& expected) {
    return step(session.text(clock.steady(), text), expected);
  }
  Script& grant(const std::string& expected) {
    return step(session.authenticated(clock.steady(), kCamera), expected);
  }
  Script& wait(int ms, const std::string& expected) {
    clock.advance(std::chrono::milliseconds(ms));
    return step(session.tick(clock.steady()), expected);
  }
  /// Token accepted, offer taken, answered.
  Script& to_answer(const std::string& sdp = kTrickle) {
    open("t", "authenticate t").grant("");
    hear(Offer{sdp, {}}, words(Actions{StartSession{1, kCamera, sdp, sdp == kTrickle}}));
    return step(session.local_answer(1, "A"), "answer A");
  }

  ManualClock clock;
  ServerSession session;

 private:
  int steps_ = 0;
};

TEST(ServerSession, token_by_url_and_hello_then_offer_gets_welcome_and_answer) {
  Script s;
  s.open("t", "authenticate t")
      .hear(Hello{{}, "cam"}, "")
      .grant("welcome 1")
      .hear(Offer{kTrickle, {}}, "start 1 " + kTrickle + " trickle")
      .step(s.session.local_answer(1, "A"), "answer A")
      .step(s.session.local_candidate(1, "c1", 0), "ice c1@0")
      .step(s.session.local_candidate(1, "", 0), "ice @0")
      .hear(Ice{"r1", 0}, "add 1 r1@0")
      .hear(Bye{}, "end 1 bye, close 1000");
  EXPECT_FALSE(s.session.socket_open());
}

TEST(ServerSession, token_may_come_with_hello_or_offer) {
  Script hello;
  hello.open("").hear(Hello{"t", ""}, "authenticate t").grant("welcome 1");
  Script offer;
  offer.open("").hear(Offer{"sdp", "t"}, "authenticate t").grant("start 1 sdp");
  Script late;
  late.open("").hear(Hello{{}, "x"}, "").hear(Offer{"sdp", "t"}, "authenticate t");
  late.grant("welcome 1, start 1 sdp");
  Script same_twice;
  same_twice.open("t", "authenticate t").grant("").hear(Offer{"sdp", "t"}, "start 1 sdp");
}

TEST(ServerSession, missing_token_is_unauthorized) {
  Script offer;
  offer.open("").hear(Offer{"sdp", {}}, "error unauthorized, close 4401");
  Script empty;
  empty.open("", "").hear(Offer{"sdp", ""}, "error unauthorized, close 4401");
  Script hello;
  hello.open("").hear(Hello{{}, "x"}, "").wait(999, "").wait(1, "error unauthorized, close 4401");
  Script silent;
  silent.open("").wait(9'999, "").wait(1, "error unauthorized, close 4401");
}

TEST(ServerSession, wrong_token_is_unauthorized_and_starts_nothing) {
  Script s;
  s.open("").hear(Offer{"sdp", "wrong"}, "authenticate wrong");
  s.step(s.session.refused(), "error unauthorized, close 4401");
  s.grant("").hear(Offer{"sdp", "t"}, "");
  EXPECT_FALSE(s.session.is_authenticated());
}

TEST(ServerSession, second_different_token_on_one_socket_is_unauthorized) {
  Script s;
  s.open("t", "authenticate t").grant("");
  s.hear(Offer{"sdp", "other"}, "error unauthorized, close 4401");
}

TEST(ServerSession, lookup_that_fails_asks_to_try_again) {
  Script s;
  s.open("t", "authenticate t").step(s.session.auth_unavailable(), "error unavailable, close 1013");
  Script slow;
  slow.open("t", "authenticate t").hear(Offer{"sdp", {}}, "");
  slow.wait(10'000, "error unavailable, close 1013").grant("");
}

TEST(ServerSession, authenticated_socket_has_ten_seconds_to_offer) {
  Script s;
  s.open("t", "authenticate t").grant("").wait(9'999, "");
  s.wait(1, "error offer_timeout, close 4408").wait(60'000, "");
}

TEST(ServerSession, no_time_limit_runs_once_an_offer_came) {
  Script s;
  s.to_answer();
  EXPECT_FALSE(s.session.deadline());
  s.wait(3'600'000, "");
}

TEST(ServerSession, remote_candidates_before_authentication_and_offer_are_kept_in_order) {
  Script s;
  s.open("").hear(Offer{"sdp", "t"}, "authenticate t").hear(Ice{"a", 0}, "").hear(Ice{"b", 1}, "");
  s.grant("start 1 sdp, add 1 a@0, add 1 b@1").hear(Ice{"", 0}, "add 1 @0");
}

TEST(ServerSession, too_many_remote_candidates_close_the_socket) {
  Script s;
  s.open("t", "authenticate t");
  for (std::size_t i = 0; i < kMaxCandidates; ++i) s.hear(Ice{"c", 0}, "");
  s.hear(Ice{"c", 0}, "error too_many_candidates, close 1008");
}

TEST(ServerSession, ends_of_candidates_are_bounded_too) {
  Script s;
  s.open("t", "authenticate t").hear(Offer{"sdp", {}}, "");
  for (std::size_t i = 0; i < 3 * kMaxCandidates; ++i) s.hear(Ice{"", 0}, "");
  EXPECT_LE(s.session.authenticated(s.clock.steady(), kCamera).size(), kMaxCandidates + 2);
}

TEST(ServerSession, local_candidates_wait_for_the_answer) {
  Script s;
  s.open("t", "authenticate t").grant("");
  s.hear(Offer{kTrickle, {}}, "start 1 " + kTrickle + " trickle");
  s.step(s.session.local_candidate(1, "c1", 0), "").step(s.session.local_candidate(1, "", 0), "");
  s.step(s.session.local_answer(1, "A"), "answer A, ice c1@0, ice @0");
}

TEST(ServerSession, offer_without_trickle_gets_no_ice_messages) {
  Script s;
  s.to_answer("plain");
  s.step(s.session.local_candidate(1, "c1", 0), "").step(s.session.local_candidate(1, "", 0), "");
}

TEST(ServerSession, session_outlives_its_socket) {
  Script s;
  s.to_answer().step(s.session.socket_closed(), "");
  EXPECT_EQ(s.session.active_offer(), OfferNumber{1});
  s.step(s.session.local_candidate(1, "late", 0), "");
  s.step(s.session.taken_over(1), "end 1 taken_over").step(s.session.taken_over(1), "");
  EXPECT_FALSE(s.session.active_offer());
}

TEST(ServerSession, newer_session_closes_this_one_with_4409) {
  Script s;
  s.to_answer().step(s.session.taken_over(1), "end 1 taken_over, error taken_over, close 4409");
  s.hear(Offer{"sdp", {}}, "");
}

TEST(ServerSession, revoked_token_closes_with_4401_whether_or_not_the_socket_is_open) {
  Script open;
  open.to_answer().step(open.session.revoked(), "end 1 revoked, error unauthorized, close 4401");
  Script gone;
  gone.to_answer().step(gone.session.socket_closed(), "");
  gone.step(gone.session.revoked(), "end 1 revoked");
}

TEST(ServerSession, second_offer_replaces_the_session_and_late_news_of_the_first_is_dropped) {
  Script s;
  s.open("t", "authenticate t").grant("").hear(Offer{"one", {}}, "start 1 one");
  s.hear(Offer{kTrickle, {}}, "end 1 replaced, start 2 " + kTrickle + " trickle");
  s.step(s.session.local_answer(1, "old"), "").step(s.session.session_ended(1, "x"), "");
  s.step(s.session.session_failed(s.clock.steady(), 1, "bad_sdp", "x"), "");
  s.step(s.session.local_answer(2, "new"), "answer new").hear(Ice{"r", 0}, "add 2 r@0");
  s.step(s.session.local_answer(2, "twice"), "");
}

TEST(ServerSession, answered_session_goes_on_beside_a_second_offer_until_it_is_taken_over) {
  Script s;
  s.to_answer().hear(Offer{"two", {}}, "start 2 two");
  s.step(s.session.local_answer(2, "B"), "answer B").hear(Ice{"r", 0}, "add 2 r@0");
  s.step(s.session.taken_over(1), "");
  EXPECT_TRUE(s.session.socket_open());
  s.hear(Bye{}, "end 2 bye, close 1000");
}

TEST(ServerSession, second_offer_that_fails_leaves_the_first_session_and_the_socket) {
  Script s;
  s.to_answer().hear(Offer{"bad", {}}, "start 2 bad");
  s.step(s.session.session_failed(s.clock.steady(), 2, "no_video", "x"), "error no_video");
  s.wait(60'000, "").hear(Offer{"three", {}}, "start 3 three");
  s.step(s.session.local_answer(3, "C"), "answer C");
  s.step(s.session.session_ended(3, "ice_failed"), "end 3 ended, error session_ended");
  s.wait(60'000, "").step(s.session.socket_closed(), "");
  EXPECT_TRUE(s.session.session_running());
  s.step(s.session.revoked(), "end 1 revoked");
  EXPECT_FALSE(s.session.session_running());
}

TEST(ServerSession, socket_closes_when_the_session_that_a_failed_offer_left_ends) {
  Script s;
  s.to_answer().hear(Offer{"bad", {}}, "start 2 bad");
  s.step(s.session.session_failed(s.clock.steady(), 2, "bad_sdp", "x"), "error bad_sdp");
  s.step(s.session.session_ended(1, "no_frames"), "error session_ended, close 4410");
}

TEST(ServerSession, older_session_that_ends_while_a_newer_runs_is_forgotten) {
  Script s;
  s.to_answer().hear(Offer{"two", {}}, "start 2 two");
  s.step(s.session.session_ended(1, "no_frames"), "");
  s.step(s.session.local_answer(2, "B"), "answer B");
  s.step(s.session.taken_over(2), "end 2 taken_over, error taken_over, close 4409");
}

TEST(ServerSession, too_many_offers_close_the_socket_unless_a_session_runs) {
  Script none;
  none.open("t", "authenticate t").grant("").hear(Offer{"x", {}}, "start 1 x");
  none.step(none.session.session_failed(none.clock.steady(), 1, "too_many_offers", "x"),
            "error too_many_offers, close 1013");
  Script running;
  running.to_answer().hear(Offer{"x", {}}, "start 2 x");
  running.step(running.session.session_failed(running.clock.steady(), 2, "too_many_offers", "x"),
               "error too_many_offers");
  EXPECT_TRUE(running.session.socket_open());
}

TEST(ServerSession, refused_offer_leaves_room_for_another) {
  Script s;
  s.open("t", "authenticate t").grant("").hear(Offer{"bad", {}}, "start 1 bad").wait(20'000, "");
  s.step(s.session.session_failed(s.clock.steady(), 1, "bad_sdp", "x"), "error bad_sdp");
  s.wait(9'999, "").hear(Offer{"good", {}}, "start 2 good");
  s.step(s.session.session_failed(s.clock.steady(), 2, "no_video", "x"), "error no_video");
  s.wait(10'000, "error offer_timeout, close 4408");
}

TEST(ServerSession, session_that_ends_by_itself_closes_with_4410) {
  Script s;
  s.to_answer();
  s.step(s.session.session_ended(1, "no frames"), "end 1 ended, error session_ended, close 4410");
}

TEST(ServerSession, malformed_messages_are_named_and_the_tenth_closes) {
  Script s;
  s.to_answer();
  const std::vector<std::string> bad{"",
                                     "{",
                                     "[]",
                                     R"({"type":7})",
                                     R"({"type":"offer"})",
                                     R"({"type":"answer","sdp":"x"})",
                                     R"({"type":"welcome","camera_id":"x"})",
                                     R"({"type":"offer","sdp":""})"};
  for (const std::string& text : bad) s.hear_text(text, "error bad_message");
  s.step(s.session.binary(s.clock.steady()), "error bad_message");
  s.hear_text("x", "error bad_message, close 1008");
  // Closing the socket does not end the video.
  EXPECT_TRUE(s.session.active_offer());
}

TEST(ServerSession, message_too_big_closes_with_1009) {
  Script s;
  s.open("t", "authenticate t");
  s.hear_text(std::string(kMaxMessageBytes + 1, ' '), "error message_too_big, close 1009");
}

TEST(ServerSession, unknown_types_and_errors_of_the_peer_are_ignored) {
  Script s;
  s.to_answer();
  for (int i = 0; i < 3 * kMaxErrors; ++i) {
    s.hear_text(R"({"type":"subscribe"})", "").hear(ErrorMessage{"x", "y"}, "");
  }
}

TEST(ServerSession, hello_may_be_repeated_and_come_late) {
  Script s;
  s.to_answer().hear(Hello{"t", ""}, "welcome 1").hear(Hello{{}, ""}, "welcome 1");
}

TEST(ServerSession, result_of_a_lookup_after_the_socket_closed_starts_nothing) {
  Script s;
  s.open("")
      .hear(Offer{"sdp", "t"}, "authenticate t")
      .step(s.session.socket_closed(), "")
      .grant("");
}

TEST(ServerSession, socket_that_gives_way_closes_with_1013_and_its_late_look_up_starts_nothing) {
  Script s;
  s.open("").hear(Offer{"sdp", "t"}, "authenticate t");
  s.step(s.session.give_way(), "error unavailable, close 1013").grant("");
  s.step(s.session.give_way(), "");
}

TEST(ServerSession, bye_before_an_offer_just_closes) {
  Script s;
  s.open("t", "authenticate t").hear(Bye{}, "close 1000").grant("");
}

TEST(ServerSession, ice_servers_may_be_given_per_camera) {
  Script s;
  s.open("t", "authenticate t").hear(Hello{{}, ""}, "");
  s.step(s.session.authenticated(s.clock.steady(), kCamera, {{{"a"}, "", ""}, {{"b"}, "", ""}}),
         "welcome 2");
}

}  // namespace
}  // namespace surveillx::signaling
