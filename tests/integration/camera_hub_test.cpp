#include "surveillx/camera/publisher.hpp"
#include "surveillx/gst/reaper.hpp"

#include "signaling_fixture.hpp"

#include <algorithm>
#include <utility>

// The hub and the signalling of libs/mediaserver with real cameras of libs/camera, which neither
// library may use: pictures flow.
namespace surveillx::mediaserver {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// A real camera with small pictures, and what it said.
class Camera {
 public:
  Camera(std::uint16_t port, const std::string& token) {
    camera::PublisherOptions options;
    options.server = "ws://127.0.0.1:" + std::to_string(port);
    options.token = token;
    options.source.kind = camera::SourceSpec::Kind::test;
    options.format = {frame::Size{160, 120}, 15};
    options.back_off = {50ms, 200ms, 0.2};
    camera::Publisher::Events events;
    events.on_state = [told = told_](camera::PublisherState state, const std::string& detail) {
      const std::lock_guard lock(told->mutex);
      told->states.emplace_back(state, detail);
    };
    events.on_finished = [told = told_](const Error& error) {
      const std::lock_guard lock(told->mutex);
      told->finished = error;
    };
    publisher_ = camera::Publisher::start(std::move(options), std::move(events)).value();
  }
  ~Camera() { publisher_->stop(); }
  void vanish() { publisher_->vanish(); }
  [[nodiscard]] std::optional<Error> finished() const {
    const std::lock_guard lock(told_->mutex);
    return told_->finished;
  }

 private:
  struct Told {
    std::mutex mutex;
    std::vector<std::pair<camera::PublisherState, std::string>> states;
    std::optional<Error> finished;
  };
  std::shared_ptr<Told> told_ = std::make_shared<Told>();
  std::unique_ptr<camera::Publisher> publisher_;
};

const live::CameraDemand kWanted{15, {320}};

class CameraHubTest : public SignalingFixture {
 protected:
  using SignalingFixture::SignalingFixture;
  ~CameraHubTest() override { EXPECT_TRUE(gst::drain_reaper(20s)); }

  [[nodiscard]] Camera camera(const std::string& token) { return Camera(http_->port(), token); }
  void demand(std::map<CameraId, live::CameraDemand> cameras) {
    loop_.run_sync([&] { hub_->set_demand({std::move(cameras)}); });
  }
  [[nodiscard]] int frames(const CameraId& camera) {
    int count = 0;
    loop_.run_sync([&] { count = reports_.frames[camera]; });
    return count;
  }
  [[nodiscard]] bool live(const CameraId& camera) {
    return eventually([&] { return report(camera).state == domain::CameraState::live; });
  }
  [[nodiscard]] bool more_frames(const CameraId& camera, int than) {
    return eventually([&] { return frames(camera) > than; });
  }
  /// Five more pictures come, and nothing but `live` has been said since.
  [[nodiscard]] bool goes_on(const CameraId& camera) {
    const int before = frames(camera);
    if (!more_frames(camera, before + 5)) return false;
    std::vector<domain::CameraState> states;
    loop_.run_sync([&] { states = reports_.states[camera]; });
    return states.back() == domain::CameraState::live &&
           std::count(states.begin(), states.end(), domain::CameraState::live) == 1;
  }
  /// A camera whose pictures are wanted, and live.
  [[nodiscard]] store::CameraWithToken add_wanted() {
    auto added = store_->cameras.add("gate").value();
    demand({{added.camera.id, kWanted}});
    return added;
  }
};

/// Sessions without a picture end soon.
config::Config impatient() {
  config::Config config;
  config.media.end_after = 1'500ms;
  return config;
}
class ImpatientHubTest : public CameraHubTest {
 protected:
  ImpatientHubTest() : CameraHubTest(impatient()) {}
};

}  // namespace

TEST_F(CameraHubTest, demand_that_came_before_the_camera_was_known_is_met) {
  const auto added = store_->cameras.add("gate").value();
  demand({{added.camera.id, kWanted}});
  const auto sender = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  EXPECT_TRUE(more_frames(added.camera.id, 2));
}

TEST_F(CameraHubTest, nothing_is_decoded_that_nobody_watches_and_it_begins_again_when_somebody_does) {
  const auto added = store_->cameras.add("gate").value();
  const auto sender = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  const auto decoding = metrics_.gauge("media_cameras_decoding",
                                       "Cameras whose pictures are decoded: somebody wants them");
  ASSERT_TRUE(eventually([&] { return decoding.value() == 1; }));
  ASSERT_TRUE(eventually([&] { return decoding.value() == 0; }));  // There is no recognition.
  EXPECT_EQ(report(added.camera.id).state, domain::CameraState::live);
  EXPECT_GT(report(added.camera.id).fps, 1);
  demand({{added.camera.id, kWanted}});
  EXPECT_TRUE(goes_on(added.camera.id));
}

TEST_F(CameraHubTest, demand_that_came_twice_before_the_camera_counts_as_it_was_said_last) {
  const auto wanted = store_->cameras.add("gate").value();
  const auto unwanted = store_->cameras.add("yard").value();
  demand({{unwanted.camera.id, kWanted}});
  demand({{wanted.camera.id, kWanted}});
  const auto one = camera(wanted.token);
  const auto other = camera(unwanted.token);
  ASSERT_TRUE(live(wanted.camera.id));
  ASSERT_TRUE(live(unwanted.camera.id));
  EXPECT_TRUE(more_frames(wanted.camera.id, 5));
  EXPECT_EQ(frames(unwanted.camera.id), 0);
}

TEST_F(CameraHubTest, without_demand_nothing_is_encoded_and_later_demand_is_met_at_once) {
  const auto added = store_->cameras.add("gate").value();
  const auto sender = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  EXPECT_EQ(frames(added.camera.id), 0);
  demand({{added.camera.id, kWanted}});
  EXPECT_TRUE(more_frames(added.camera.id, 2));
}

TEST_F(CameraHubTest, demand_outlives_the_camera_s_absence_from_the_database_s_news) {
  const auto added = store_->cameras.add("gate").value();
  news();
  demand({{added.camera.id, kWanted}});
  bring({}, {}, system_clock().steady());  // As after a backup was restored, and back again.
  news();
  const auto sender = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  EXPECT_TRUE(more_frames(added.camera.id, 2));
}

TEST_F(CameraHubTest, bad_requests_with_a_live_camera_s_token_leave_its_session_alone) {
  const auto added = add_wanted();
  const auto sender = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  const std::pair<std::string, const char*> offers[] = {
      {offer_of("AV1"), "unsupported_codec"},
      {"v=0\r\nthis is no session description", "bad_sdp"},
      {std::string(kOffer.substr(0, kOffer.find("a=group"))), "no_video"},
  };
  for (const auto& [sdp, error] : offers) {
    SCOPED_TRACE(error);
    auto other = connect(added.token);
    other.offer(sdp);
    EXPECT_TRUE(other.got_error(error));
    EXPECT_EQ(other.code(), 0) << "it may send a better offer";
    EXPECT_TRUE(goes_on(added.camera.id));
  }
  auto rude = connect(added.token);
  rude.offer(std::string(signaling::kMaxMessageBytes + 1, 'x'));
  EXPECT_TRUE(rude.closed_with(1009));
  EXPECT_TRUE(goes_on(added.camera.id));
  EXPECT_FALSE(sender.finished());
}

TEST_F(ImpatientHubTest, an_offer_that_never_connects_leaves_the_live_session_alone) {
  const auto added = add_wanted();
  const auto sender = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  auto other = connect(added.token);
  other.offer();
  ASSERT_TRUE(other.answered());
  EXPECT_TRUE(other.closed_with(4410));
  EXPECT_TRUE(goes_on(added.camera.id));
  EXPECT_FALSE(sender.finished());
  EXPECT_EQ(session_pool_.wait_idle(20s), true);
}

TEST_F(CameraHubTest, a_newer_camera_takes_over_with_its_first_picture_and_viewers_see_no_gap) {
  const auto added = add_wanted();
  const auto older = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  const auto newer = camera(added.token);
  ASSERT_TRUE(eventually([&] { return older.finished().has_value(); }));
  EXPECT_EQ(older.finished()->name, camera::kTakenOver);
  EXPECT_TRUE(goes_on(added.camera.id));
  EXPECT_FALSE(newer.finished());
}

TEST_F(CameraHubTest, a_camera_that_comes_back_after_a_crash_waits_for_nothing) {
  const auto added = add_wanted();
  auto crashed = camera(added.token);
  ASSERT_TRUE(live(added.camera.id));
  crashed.vanish();
  const auto before = system_clock().steady();
  const int seen = frames(added.camera.id);
  const auto again = camera(added.token);
  ASSERT_TRUE(more_frames(added.camera.id, seen + 20));
  // The dead session would have been kept for media.end_after.
  EXPECT_LT(system_clock().steady() - before, config_.media.end_after);
  EXPECT_EQ(report(added.camera.id).state, domain::CameraState::live);
}

}  // namespace surveillx::mediaserver
