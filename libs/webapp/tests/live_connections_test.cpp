#include "surveillx/attendance/time_zone.hpp"

#include "running_web.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, a_viewer_sees_what_media_sends) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& media = connect_media();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.of("status").size() == 1; }));
  ASSERT_TRUE(eventually([&] { return viewer.of("camera").size() == 1; }));
  EXPECT_EQ(text(viewer.of("status")[0], "version"), "1.2.3");
  emit(viewer, "watch", {{"max_fps", 60}});
  ASSERT_TRUE(eventually([&] {
    const auto demands = media.of("demand");
    return !demands.empty() && demands.back().at("cameras").as_object().contains(camera.id.str());
  }));
  const auto demand =
      media.of("demand").back().at("cameras").as_object().at(camera.id.str()).as_object();
  EXPECT_EQ(demand.at("fps").to_number<double>(), 60);
  EXPECT_EQ(json::serialize(demand.at("widths")), "[640]");

  emit(media, "frame", frame_payload(camera, 1), {0xFF, 0xD8, 0x00, 0xFF, 0xD9});
  ASSERT_TRUE(eventually([&] { return viewer.of("frame").size() == 1; }));
  const std::lock_guard lock(viewer.mutex);
  const auto& [name, arguments] = viewer.events.back();
  ASSERT_EQ(arguments.attachments.size(), 1);
  EXPECT_EQ(arguments.attachments[0].size(), 5);
  EXPECT_TRUE(arguments.args[0].as_object().contains("server_time"));
}

TEST_F(Web, a_viewer_by_cookie_that_never_watches_gets_base64) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& media = connect_media();
  net::Headers headers;
  headers.set("Cookie", "surveillx_session=" + token_of());
  auto& viewer = connect({}, headers);
  ASSERT_TRUE(eventually([&] {
    const auto demands = media.of("demand");
    return !demands.empty() && !demands.back().at("cameras").as_object().empty();
  }));
  emit(media, "frame", frame_payload(camera, 1), {0xFF, 0xD8, 0xFF, 0xD9});
  ASSERT_TRUE(eventually([&] { return viewer.of("frame").size() == 1; }));
  EXPECT_EQ(text(viewer.of("frame")[0], "frame"), "/9j/2Q==");
}

TEST_F(Web, nobody_connects_without_valid_credentials) {
  start();
  auto& nobody = connect({});
  auto& wrong = connect({{"token", "wrong"}});
  auto& odd = connect({{"token", 5}});
  for (Peer* peer : {&nobody, &wrong, &odd}) {
    ASSERT_TRUE(eventually([&] { return !peer->refusal().empty(); }));
    EXPECT_EQ(peer->refusal(), "unauthorized");
    EXPECT_EQ(peer->connects, 0);
  }
}

TEST_F(Web, a_viewer_that_goes_while_its_session_is_looked_up_leaves_nothing_behind) {
  start();
  const auto token = token_of();
  const std::string path = "/socket.io/?EIO=4&transport=polling";
  for (int i = 0; i < 5; ++i) {
    const std::string open(get(path).body.text());
    const std::string sid = text(json::parse(open.substr(1)).as_object(), "sid");
    net::ClientRequest request;
    request.method = "POST";
    request.url = path + "&sid=" + sid;
    // CONNECT and, in the same payload, the goodbye.
    request.body = SharedBytes("40/stream,{\"token\":\"" + token + "\"}\x1e" + "1");
    EXPECT_EQ(send(std::move(request)).status, 200);
  }
  const auto& stays = connect({{"token", token}});
  ASSERT_TRUE(eventually([&] { return stays.connects == 1; }));
  // Their look-ups may still be under way.
  EXPECT_TRUE(eventually([&] {
    return std::string(get("/metrics").body.text()).find("surveillx_viewers 1\n") !=
           std::string::npos;
  })) << get("/metrics").body.text();
}

TEST_F(Web, a_viewer_that_sends_medias_events_is_cut_off) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& honest = connect({{"token", token_of()}});
  auto& liar = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return honest.connects == 1 && liar.connects == 1; }));
  emit(liar, "camera", camera_payload(camera, "live"));
  ASSERT_TRUE(eventually([&] { return liar.disconnects == 1; }));
  for (const auto& told : honest.of("camera")) {
    EXPECT_EQ(told.at("state").as_string(), "offline");
  }
  EXPECT_EQ(honest.disconnects, 0);
}

TEST_F(Web, a_session_that_another_process_ended_drops_its_sockets) {
  start();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1; }));
  const auto admin = *options_.store->users.find_by_name("admin");
  ASSERT_TRUE(options_.store->users.set_password(admin.id, "set on the command line"));
  EXPECT_TRUE(eventually([&] { return viewer.disconnects == 1; }));
}

TEST_F(Web, cameras_added_and_removed_while_watching_come_and_go) {
  start();
  auto& media = connect_media();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1 && media.connects == 1; }));
  const auto camera = options_.store->cameras.add("Yard")->camera;
  ASSERT_TRUE(eventually([&] { return viewer.of("camera").size() == 1; }));
  EXPECT_TRUE(eventually([&] { return !media.of("gallery").empty(); }));
  ASSERT_TRUE(options_.store->cameras.remove(camera.id));
  ASSERT_TRUE(eventually([&] { return viewer.of("camera").size() == 2; }));
  EXPECT_EQ(text(viewer.of("camera")[1], "state"), "removed");
}

TEST_F(Web, when_media_goes_viewers_are_told_and_when_it_comes_back_they_go_on) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& media = connect_media();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1 && media.connects == 1; }));
  emit(viewer, "watch", {});
  emit(media, "camera", camera_payload(camera, "live"));
  const auto last_state = [&] {
    const auto told = viewer.of("camera");
    return told.empty() ? "" : text(told.back(), "state");
  };
  ASSERT_TRUE(eventually([&] { return last_state() == "live"; }));
  loop_.run_sync([&] { media.client->stop(); });
  ASSERT_TRUE(eventually([&] { return last_state() == "offline"; }));
  auto& again = connect_media();
  ASSERT_TRUE(eventually([&] {
    const auto demands = again.of("demand");
    return !demands.empty() && demands.front().at("cameras").as_object().contains(camera.id.str());
  }));
  EXPECT_EQ(viewer.disconnects, 0);
}

TEST_F(Web, attendance_committed_while_media_is_away_reaches_open_pages) {
  const auto ada = *options_.store->people.create({.name = "Ada", .external_id = "", .group = ""});
  start();
  auto& viewer = connect({{"token", token_of()}});
  ASSERT_TRUE(eventually([&] { return viewer.connects == 1; }));
  const domain::Sighting sighting{.id = SightingId::random(),
                                  .person_id = ada.id,
                                  .camera_id = CameraId::random(),
                                  .at = from_millis(1'795'430'400'000),
                                  .kind = domain::SightingKind::first,
                                  .model = "m"};
  ASSERT_TRUE(
      options_.store->attendance.deliver(sighting, {}, *attendance::TimeZone::find("Europe/Berlin")));
  ASSERT_TRUE(eventually([&] { return viewer.of("attendance").size() == 1; }));
  const auto event = viewer.of("attendance")[0];
  EXPECT_EQ(text(event, "person_id"), ada.id.str());
  EXPECT_EQ(text(event, "camera_id"), sighting.camera_id.str());
  EXPECT_TRUE(event.at("new").as_bool());
}

TEST_F(Web, a_media_process_elsewhere_may_have_a_token_of_its_own) {
  options_.config.publish.token = "a token that was set";
  start();
  auto& media = connect({{"token", "a token that was set"}});
  ASSERT_TRUE(eventually([&] { return !media.of("demand").empty(); }));
}

TEST_F(Web, a_newer_media_replaces_the_older) {
  start();
  auto& older = connect_media();
  ASSERT_TRUE(eventually([&] { return older.connects == 1; }));
  auto& newer = connect_media();
  EXPECT_TRUE(eventually([&] { return older.disconnects >= 1; }));
  // Stop the older before it comes back and replaces the newer in turn.
  loop_.run_sync([&] { older.client->stop(); });
  EXPECT_TRUE(eventually([&] { return newer.connects >= 1; }));
}

TEST_F(Web, media_of_two_nodes_stand_side_by_side_and_are_told_the_demand) {
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  start();
  auto& north = connect({{"token", keys_.media_token()}, {"version", "1.2.3"}, {"node", "north"}});
  auto& south = connect({{"token", keys_.media_token()}, {"version", "1.2.3"}, {"node", "south"}});
  ASSERT_TRUE(eventually([&] { return !north.of("demand").empty() && !south.of("demand").empty(); }));
  emit(north, "camera", camera_payload(camera, "live"));
  const auto token = token_of();
  const auto state = [&] {
    return std::string(
        body(get("/api/cameras", token)).at("cameras").as_array()[0].at("state").as_string());
  };
  ASSERT_TRUE(eventually([&] { return state() == "live"; }));
  loop_.run_sync([&] { north.client->stop(); });
  EXPECT_TRUE(eventually([&] { return state() == "offline"; }));
  EXPECT_TRUE(body(get("/api/system", token)).at("media_connected").as_bool());
  EXPECT_EQ(south.disconnects, 0);
}

TEST_F(Web, a_session_has_a_limited_number_of_sockets) {
  options_.config.web.max_sockets_per_session = 2;
  start();
  const auto token = token_of();
  auto& first = connect({{"token", token}});
  auto& second = connect({{"token", token}});
  ASSERT_TRUE(eventually([&] { return first.connects == 1 && second.connects == 1; }));
  auto& third = connect({{"token", token}});
  ASSERT_TRUE(eventually([&] { return !third.refusal().empty(); }));
  EXPECT_EQ(third.refusal(), "too_many_connections");
}

}  // namespace
}  // namespace surveillx::webapp
