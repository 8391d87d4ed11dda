#include "signaling_fixture.hpp"

namespace surveillx::mediaserver {
namespace {

using namespace test;

class SignalingServerTest : public SignalingFixture {};

TEST_F(SignalingServerTest, a_camera_that_was_added_a_moment_ago_is_answered_before_the_news_come) {
  const auto camera = store_->cameras.add("gate").value();
  auto client = connect(camera.token);
  client.offer();
  EXPECT_TRUE(client.answered());
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::connecting);
}

TEST_F(SignalingServerTest, news_from_before_a_camera_was_added_do_not_end_its_session) {
  const auto before = system_clock().steady();
  const auto camera = store_->cameras.add("gate").value();
  auto client = connect(camera.token);
  client.offer();
  ASSERT_TRUE(client.answered());
  bring({}, {}, before);
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::connecting);
  client.offer();  // Only an open socket of a session that lives is answered again.
  EXPECT_TRUE(client.answered(2));
  news();
  EXPECT_EQ(client.code(), 0);
}

TEST_F(SignalingServerTest, a_rotated_token_ends_the_session_with_its_socket) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  auto client = connect(camera.token);
  client.offer();
  ASSERT_TRUE(client.answered());
  ASSERT_TRUE(store_->cameras.rotate_token(camera.camera.id).has_value());
  news();
  EXPECT_TRUE(client.closed_with(4401));
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::offline);
  EXPECT_EQ(connections(), 0U);
}

TEST_F(SignalingServerTest, a_session_whose_socket_is_closed_is_revoked_and_reported_as_well) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  auto client = connect(camera.token);
  client.offer();
  ASSERT_TRUE(client.answered());
  client.close();
  ASSERT_TRUE(client.closed_with(1000));
  EXPECT_EQ(connections(), 1U) << "the session outlives its socket";
  ASSERT_TRUE(store_->cameras.remove(camera.camera.id).has_value());
  news();
  EXPECT_EQ(connections(), 0U);
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::offline);
}

TEST_F(SignalingServerTest, a_token_that_was_rotated_during_its_look_up_is_refused) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  // The look-up's answer is held back until the news of the rotation are there.
  std::promise<void> go;
  ASSERT_TRUE(database_pool_.try_post([held = go.get_future().share()] { held.wait(); }));
  auto client = connect(camera.token);
  ASSERT_TRUE(eventually([&] { return connections() == 1; }));
  auto rotated = store_->cameras.token_hashes().value();
  rotated.at(camera.camera.id) = "another";
  bring(store_->cameras.list().value(), rotated, system_clock().steady());
  go.set_value();
  EXPECT_TRUE(client.closed_with(4401));
}

TEST_F(SignalingServerTest, a_newer_session_takes_over_and_the_older_one_s_end_does_not_touch_it) {
  const auto camera = store_->cameras.add("gate").value();
  auto older = connect(camera.token);
  older.offer();
  ASSERT_TRUE(older.answered());
  auto newer = connect(camera.token);
  newer.offer();
  EXPECT_TRUE(older.closed_with(4409));
  EXPECT_TRUE(newer.answered());
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::connecting);
  newer.send(signaling::Bye{});
  EXPECT_TRUE(newer.closed_with(1000));
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::offline);
  EXPECT_EQ(report(camera.camera.id).reason, "the camera has ended its stream");
}

TEST_F(SignalingServerTest, an_offer_that_fails_leaves_the_socket_for_a_better_one) {
  const auto camera = store_->cameras.add("gate").value();
  auto client = connect(camera.token);
  client.offer("v=0\r\nthis is no session description");
  EXPECT_TRUE(client.got_error("bad_sdp"));
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::offline);
  client.offer();
  EXPECT_TRUE(client.answered());
}

TEST_F(SignalingServerTest, an_offer_that_comes_while_the_server_stops_begins_nothing) {
  const auto camera = store_->cameras.add("gate").value();
  auto client = connect(camera.token);
  client.send(signaling::Hello{});
  ASSERT_TRUE(eventually([&] { return client.count<signaling::Welcome>() == 1; }));
  loop_.run_sync([&] { hub_->end_all(); });
  client.offer();
  EXPECT_TRUE(client.got_error("unavailable"));
  EXPECT_EQ(client.count<signaling::Answer>(), 0U);
}

TEST_F(SignalingServerTest, offers_in_a_row_leave_one_session_that_bye_ends) {
  const auto camera = store_->cameras.add("gate").value();
  auto client = connect(camera.token);
  for (int i = 0; i < 5; ++i) client.offer();
  client.send(signaling::Bye{});
  EXPECT_TRUE(client.closed_with(1000));
  EXPECT_TRUE(eventually([&] {
    return report(camera.camera.id).state == domain::CameraState::offline && connections() == 0;
  }));
  EXPECT_TRUE(session_pool_.wait_idle(std::chrono::seconds(20)));
}

TEST_F(SignalingServerTest, a_camera_has_six_offers_a_minute_however_many_sockets_it_opens) {
  const auto camera = store_->cameras.add("gate").value();
  const auto other = store_->cameras.add("yard").value();
  for (int i = 0; i < 3; ++i) {
    auto client = connect(camera.token);
    for (std::size_t offers = 1; offers <= 2; ++offers) {
      client.offer("v=0\r\nnonsense");
      // Each by itself: a newer one replaces one that still waits.
      EXPECT_TRUE(eventually([&] { return client.count<signaling::ErrorMessage>() == offers; }));
    }
    client.close();
  }
  auto seventh = connect(camera.token);
  seventh.offer();
  EXPECT_TRUE(seventh.closed_with(1013));
  EXPECT_TRUE(seventh.got_error("too_many_offers"));
  EXPECT_NE(seventh.error_message("too_many_offers").find("try again in 1"), std::string::npos);
  auto unharmed = connect(other.token);
  unharmed.offer();
  EXPECT_TRUE(unharmed.answered());
  access_clock_.advance(std::chrono::seconds(10));
  auto later = connect(camera.token);
  later.offer();
  EXPECT_TRUE(later.answered());
}

TEST_F(SignalingServerTest, too_many_offers_leave_the_session_and_its_socket_alone) {
  const auto camera = store_->cameras.add("gate").value();
  auto client = connect(camera.token);
  client.offer();
  ASSERT_TRUE(client.answered());
  for (int i = 0; i < 8; ++i) client.offer("v=0\r\nnonsense");
  EXPECT_TRUE(client.got_error("too_many_offers"));
  EXPECT_EQ(client.code(), 0);
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::connecting);
  client.send(signaling::Bye{});
  EXPECT_TRUE(client.closed_with(1000));
  EXPECT_EQ(report(camera.camera.id).reason, "the camera has ended its stream");
}

TEST_F(SignalingServerTest, a_bad_offer_leaves_a_session_that_has_no_picture_yet_alone) {
  const auto camera = store_->cameras.add("gate").value();
  auto older = connect(camera.token);
  older.offer();
  ASSERT_TRUE(older.answered());
  auto newer = connect(camera.token);
  newer.offer(offer_of("AV1"));
  EXPECT_TRUE(newer.got_error("unsupported_codec"));
  EXPECT_EQ(older.code(), 0);
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::connecting);
  newer.close();
  older.send(signaling::Bye{});
  EXPECT_TRUE(older.closed_with(1000));
}

TEST_F(SignalingServerTest, of_the_offers_that_wait_for_one_that_is_built_only_the_newest_is_built) {
  const auto camera = store_->cameras.add("gate").value();
  const auto go = hold_session_pool();
  auto first = connect(camera.token);
  first.offer();
  ASSERT_TRUE(eventually([&] { return sessions(camera.camera.id) == 1; }));
  auto second = connect(camera.token);
  second.offer();
  ASSERT_TRUE(eventually([&] { return sessions(camera.camera.id) == 2; }));
  auto third = connect(camera.token);
  third.offer();
  // Nobody has found out whether the third is any good, so the second may try again.
  EXPECT_TRUE(second.got_error("unavailable"));
  EXPECT_EQ(second.code(), 0);
  go->set_value();
  EXPECT_TRUE(third.answered());
  EXPECT_TRUE(first.closed_with(4409));
  EXPECT_EQ(second.count<signaling::Answer>(), 0U);
  EXPECT_EQ(sessions(camera.camera.id), 1U);
}

TEST_F(SignalingServerTest, while_the_pool_of_sessions_is_full_the_loop_goes_on_and_nothing_is_left) {
  const auto camera = store_->cameras.add("gate").value();
  const auto other = store_->cameras.add("yard").value();
  auto client = connect(camera.token);
  client.offer();
  ASSERT_TRUE(client.answered());
  const auto go = hold_session_pool();
  while (session_pool_.try_post([] {})) {
  }
  auto refused = connect(other.token);
  refused.offer();
  EXPECT_TRUE(refused.got_error("unavailable"));
  // Ending waits for the pool as well, but nobody waits for that.
  client.send(signaling::Ice{"candidate:1 1 UDP 1 127.0.0.1 9 typ host", 0});
  client.send(signaling::Bye{});
  EXPECT_TRUE(client.closed_with(1000));
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::offline);
  go->set_value();
  EXPECT_TRUE(session_pool_.wait_idle(std::chrono::seconds(20)));
  EXPECT_TRUE(webrtc::drain(std::chrono::seconds(20)));
}

TEST_F(SignalingServerTest, the_oldest_stranger_of_an_address_gives_way_to_a_ninth) {
  std::vector<std::unique_ptr<Client>> strangers;
  for (std::size_t i = 0; i <= SignalingServer::kMaxStrangersPerAddress; ++i) {
    EXPECT_EQ(connections(), i);
    strangers.push_back(std::make_unique<Client>(loop_, http_->port(), ""));
  }
  EXPECT_TRUE(strangers.front()->closed_with(1013));
  EXPECT_EQ(connections(), SignalingServer::kMaxStrangersPerAddress);
  for (std::size_t i = 1; i < strangers.size(); ++i) EXPECT_EQ(strangers[i]->code(), 0);
}

class FewStrangersTest : public SignalingFixture {
 protected:
  FewStrangersTest() : SignalingFixture([] {
    config::Config config;
    config.signaling.max_unauthenticated = 2;
    return config;
  }()) {}
};

TEST_F(FewStrangersTest, the_oldest_stranger_of_all_gives_way_and_no_camera_does) {
  const auto camera = store_->cameras.add("gate").value();
  auto known = connect(camera.token);
  known.send(signaling::Hello{});
  ASSERT_TRUE(eventually([&] { return known.count<signaling::Welcome>() == 1; }));
  auto first = connect("");
  auto second = connect("");
  auto third = connect("");
  EXPECT_TRUE(first.closed_with(1013));
  EXPECT_EQ(second.code(), 0);
  known.offer();
  EXPECT_TRUE(known.answered());
}

TEST_F(FewStrangersTest, a_camera_whose_token_is_known_is_no_stranger_while_it_is_looked_up) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  std::promise<void> go;
  ASSERT_TRUE(database_pool_.try_post([held = go.get_future().share()] { held.wait(); }));
  auto known = connect(camera.token);
  known.offer();
  std::vector<std::unique_ptr<Client>> strangers;
  for (int i = 0; i < 5; ++i) strangers.push_back(std::make_unique<Client>(loop_, http_->port(), ""));
  EXPECT_TRUE(strangers[2]->closed_with(1013));
  EXPECT_EQ(known.code(), 0);
  go.set_value();
  EXPECT_TRUE(known.answered());
}

TEST_F(SignalingServerTest, a_camera_waits_behind_no_stranger_s_look_up) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  std::promise<void> go;
  ASSERT_TRUE(stranger_pool_.try_post([held = go.get_future().share()] { held.wait(); }));
  auto stranger = connect("nobody's");
  auto known = connect(camera.token);
  known.offer();
  EXPECT_TRUE(known.answered());
  EXPECT_EQ(stranger.code(), 0);
  go.set_value();
  EXPECT_TRUE(stranger.closed_with(4401));
}

TEST_F(SignalingServerTest, an_address_with_too_many_wrong_tokens_is_not_looked_up_but_its_cameras_are) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  for (int i = 0; i < CameraAccess::kMaxWrongTokens; ++i) {
    auto wrong = connect("wrong-" + std::to_string(i));
    ASSERT_TRUE(wrong.closed_with(4401));
  }
  EXPECT_EQ(Client::refused(loop_, http_->port(), "another"),
            "the server answered HTTP 429 Too Many Requests");
  auto by_hello = connect("");
  by_hello.send(signaling::Hello{"another", ""});
  EXPECT_TRUE(by_hello.closed_with(1013));
  auto known = connect(camera.token);
  known.offer();
  EXPECT_TRUE(known.answered());
}

TEST_F(SignalingServerTest, a_camera_s_idle_sockets_are_bounded_and_the_one_with_its_session_stays) {
  const auto camera = store_->cameras.add("gate").value();
  auto busy = connect(camera.token);
  busy.offer();
  ASSERT_TRUE(busy.answered());
  std::vector<std::unique_ptr<Client>> idle;
  for (std::size_t i = 0; i <= SignalingServer::kMaxIdlePerCamera; ++i) {
    idle.push_back(std::make_unique<Client>(loop_, http_->port(), camera.token));
    idle.back()->send(signaling::Hello{});
    ASSERT_TRUE(eventually([&] { return idle.back()->count<signaling::Welcome>() == 1; }));
  }
  EXPECT_TRUE(idle.front()->closed_with(1013));
  EXPECT_EQ(idle.back()->code(), 0);
  EXPECT_EQ(busy.code(), 0);
}

}  // namespace
}  // namespace surveillx::mediaserver
