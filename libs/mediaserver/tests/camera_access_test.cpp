#include "access_fixture.hpp"

namespace surveillx::mediaserver {
namespace {

using namespace test;

/// What became of a POST with an offer, as who sent it and its front end know it. Loop thread.
struct Resource {
  int status = 0;        ///< 0: not answered yet.
  std::string body;      ///< The answer; else the error's name.
  std::string message;   ///< The error's.
  std::string gone;      ///< Why what the POST made is not there any more.
  int said_later = 0;    ///< News that HTTP has no way to bring once it has answered.
  std::shared_ptr<CameraLease> lease;
  MediaSessionId session;
};

/// A way in without a socket that lasts: each request is answered once, and its session lives on.
class HttpFrontEnd {
 public:
  explicit HttpFrontEnd(CameraAccess& access) : access_(access) {}

  [[nodiscard]] std::shared_ptr<Resource> post(const std::string& token, const std::string& offer) {
    auto resource = std::make_shared<Resource>();
    const auto asked = access_.authenticate(
        {token, "192.0.2.1"}, [resource, offer](Result<std::shared_ptr<CameraLease>> lease) {
          if (lease) {
            begin(resource, std::move(*lease), offer);
          } else {
            fail(*resource, lease.error());
          }
        });
    if (!asked) fail(*resource, asked.error());
    return resource;
  }
  static void remove(Resource& resource) {
    resource.lease->end(resource.session, "bye");
    let_go(resource, "deleted");
  }

 private:
  static void begin(const std::shared_ptr<Resource>& resource, std::shared_ptr<CameraLease> lease,
                    const std::string& offer) {
    const std::weak_ptr<Resource> weak = resource;
    resource->lease = std::move(lease);
    resource->lease->on_end = [weak](CameraLease::End end) {
      const auto self = weak.lock();
      if (self) let_go(*self, end == CameraLease::End::revoked ? "revoked" : "stopping");
    };
    OfferHooks hooks;
    hooks.on_answer = [weak](std::string sdp) {
      if (const auto self = weak.lock()) answer(*self, 201, std::move(sdp));
    };
    hooks.on_candidate = [weak](const std::string&, int) {
      if (const auto self = weak.lock()) ++self->said_later;
    };
    hooks.on_failed = [weak](const Error& error) {
      if (const auto self = weak.lock()) fail(*self, error);
    };
    hooks.on_ended = [weak](const std::string& reason) {
      if (const auto self = weak.lock()) let_go(*self, reason);
    };
    hooks.on_taken_over = [weak] {
      if (const auto self = weak.lock()) let_go(*self, "taken over");
    };
    const auto session = resource->lease->open(offer, std::move(hooks));
    if (session) {
      resource->session = *session;
    } else {
      fail(*resource, session.error());
    }
  }
  static void answer(Resource& resource, int status, std::string body) {
    if (resource.status != 0) ++resource.said_later;
    resource.status = status;
    resource.body = std::move(body);
  }
  static void fail(Resource& resource, const Error& error) {
    const bool token = error.is(kNotFound) || error.is(kRevoked);
    const bool often = error.is(kTooManyOffers) || error.is(kTooManyWrongTokens);
    const bool ours = error.is(kUnavailable);
    answer(resource, token ? 401 : often ? 429 : ours ? 503 : 400, std::string(error.name.text()));
    resource.message = error.message;
    let_go(resource, resource.body);
  }
  static void let_go(Resource& resource, const std::string& why) {
    resource.gone = why;
    resource.lease.reset();
  }

  CameraAccess& access_;
};

/// The offer of a client that takes no candidates later, and so gets them all with the answer.
std::string whole_offer() {
  std::string sdp(kOffer);
  const std::string_view trickle = "a=ice-options:trickle\r\n";
  return sdp.erase(sdp.find(trickle), trickle.size());
}

constexpr std::string_view kNonsense = "v=0\r\nthis is no session description";

class CameraAccessTest : public AccessFixture {
 protected:
  using AccessFixture::AccessFixture;
  ~CameraAccessTest() override {
    // Leases belong to the loop's thread.
    loop_.run_sync([&] {
      for (const auto& posted : posted_) posted->lease.reset();
    });
  }

  /// The request; answered later.
  std::shared_ptr<Resource> post(const std::string& token, const std::string& offer) {
    std::shared_ptr<Resource> resource;
    loop_.run_sync([&] { resource = HttpFrontEnd(*access_).post(token, offer); });
    posted_.push_back(resource);
    return resource;
  }
  /// The same, and waits for the answer.
  std::shared_ptr<Resource> answered(const std::string& token,
                                     const std::string& offer = whole_offer()) {
    auto resource = post(token, offer);
    EXPECT_TRUE(eventually([&] { return now(resource).status != 0; }));
    return resource;
  }
  /// As it is at this moment, without its lease.
  Resource now(const std::shared_ptr<Resource>& resource) {
    Resource copy;
    loop_.run_sync([&] {
      copy = *resource;
      copy.lease.reset();
    });
    return copy;
  }
  void remove(const std::shared_ptr<Resource>& resource) {
    loop_.run_sync([&] { HttpFrontEnd::remove(*resource); });
  }
  double refused_offers(const std::string& reason) {
    return metrics_
        .counter("media_offers_refused_total", "Offers that were not looked at",
                 {{"reason", reason}})
        .value();
  }

  std::vector<std::shared_ptr<Resource>> posted_;
};

TEST_F(CameraAccessTest, one_offer_gets_one_whole_answer_and_a_delete_ends_the_session) {
  const auto camera = store_->cameras.add("gate").value();
  const auto resource = answered(camera.token);
  const auto made = now(resource);
  ASSERT_EQ(made.status, 201) << made.message;
  EXPECT_NE(made.body.find("a=candidate:"), std::string::npos);
  EXPECT_EQ(made.said_later, 0);
  EXPECT_EQ(made.gone, "");
  EXPECT_EQ(sessions(camera.camera.id), 1U);
  EXPECT_EQ(report(camera.camera.id).state, domain::CameraState::connecting);
  remove(resource);
  EXPECT_EQ(sessions(camera.camera.id), 0U);
  EXPECT_EQ(report(camera.camera.id).reason, "the camera has ended its stream");
}

TEST_F(CameraAccessTest, a_rotated_token_ends_the_lease_and_its_sessions_whatever_its_holder_does) {
  const auto camera = store_->cameras.add("gate").value();
  const auto resource = answered(camera.token);
  ASSERT_EQ(now(resource).status, 201);
  std::shared_ptr<CameraLease> lease;
  loop_.run_sync([&] { lease = resource->lease; });  // Somebody forgets to let go of it.
  ASSERT_TRUE(store_->cameras.rotate_token(camera.camera.id));
  news();
  EXPECT_EQ(now(resource).gone, "revoked");
  EXPECT_EQ(sessions(camera.camera.id), 0U);
  EXPECT_EQ(report(camera.camera.id).reason, "the camera's token is no longer valid");
  loop_.run_sync([&] {
    const auto again = lease->open(whole_offer(), {});
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(kRevoked));
    lease.reset();
  });
  EXPECT_EQ(answered(camera.token)->status, 401);
}

TEST_F(CameraAccessTest, a_removed_camera_s_lease_is_over) {
  const auto camera = store_->cameras.add("gate").value();
  const auto other = store_->cameras.add("yard").value();
  const auto resource = answered(camera.token);
  const auto unharmed = answered(other.token);
  ASSERT_TRUE(store_->cameras.remove(camera.camera.id));
  news();
  EXPECT_EQ(now(resource).gone, "revoked");
  EXPECT_EQ(report(camera.camera.id).reason, "the camera was removed");
  EXPECT_EQ(now(unharmed).gone, "");
  EXPECT_EQ(sessions(other.camera.id), 1U);
}

TEST_F(CameraAccessTest, news_from_before_the_token_was_shown_do_not_end_its_lease) {
  const auto before = system_clock().steady();
  const auto camera = store_->cameras.add("gate").value();
  const auto resource = answered(camera.token);
  bring({}, {}, before);
  EXPECT_EQ(now(resource).gone, "");
  EXPECT_EQ(sessions(camera.camera.id), 1U);
}

TEST_F(CameraAccessTest, a_newer_session_takes_over_and_the_older_one_s_delete_does_not_touch_it) {
  const auto camera = store_->cameras.add("gate").value();
  const auto older = answered(camera.token);
  ASSERT_EQ(now(older).status, 201);
  std::shared_ptr<CameraLease> held;
  loop_.run_sync([&] { held = older->lease; });
  const auto newer = answered(camera.token);
  EXPECT_EQ(now(newer).status, 201);
  EXPECT_EQ(now(older).gone, "taken over");
  loop_.run_sync([&] {
    held->end(older->session, "bye");
    held.reset();
  });
  EXPECT_EQ(now(newer).gone, "");
  EXPECT_EQ(sessions(camera.camera.id), 1U);
}

TEST_F(CameraAccessTest, who_lets_go_of_a_lease_lets_go_of_its_sessions) {
  const auto camera = store_->cameras.add("gate").value();
  const auto resource = answered(camera.token);
  ASSERT_EQ(sessions(camera.camera.id), 1U);
  loop_.run_sync([&] { resource->lease.reset(); });
  EXPECT_EQ(sessions(camera.camera.id), 0U);
}

TEST_F(CameraAccessTest, a_token_that_was_replaced_during_its_look_up_is_revoked) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  std::promise<void> go;
  ASSERT_TRUE(database_pool_.try_post([held = go.get_future().share()] { held.wait(); }));
  const auto resource = post(camera.token, whole_offer());
  auto rotated = store_->cameras.token_hashes().value();
  rotated.at(camera.camera.id) = "another";
  bring(store_->cameras.list().value(), rotated, system_clock().steady());
  go.set_value();
  EXPECT_TRUE(eventually([&] { return now(resource).status != 0; }));
  EXPECT_EQ(now(resource).body, "revoked");
}

TEST_F(CameraAccessTest, an_address_with_too_many_wrong_tokens_waits_and_its_cameras_do_not) {
  const auto camera = store_->cameras.add("gate").value();
  news();
  for (int i = 0; i < CameraAccess::kMaxWrongTokens; ++i) {
    ASSERT_EQ(answered("wrong-" + std::to_string(i))->body, "not_found");
  }
  const auto turned_away = post("another", whole_offer());
  EXPECT_EQ(now(turned_away).body, "too_many_wrong_tokens");
  loop_.run_sync([&] {
    EXPECT_EQ(access_->turns_away({"another", "192.0.2.1"}).has_value(), true);
    EXPECT_EQ(access_->turns_away({"another", "192.0.2.2"}).has_value(), false);
    EXPECT_EQ(access_->turns_away({camera.token, "192.0.2.1"}).has_value(), false);
  });
  EXPECT_EQ(answered(camera.token)->status, 201);
  access_clock_.advance(CameraAccess::kWrongTokenRefill);
  EXPECT_EQ(answered("another")->body, "not_found");
}

TEST_F(CameraAccessTest, offers_are_counted_by_camera_over_all_its_leases) {
  const auto camera = store_->cameras.add("gate").value();
  const auto other = store_->cameras.add("yard").value();
  for (int i = 0; i < config_.signaling.offers_per_minute; ++i) {
    ASSERT_EQ(answered(camera.token, std::string(kNonsense))->body, "bad_sdp");
  }
  EXPECT_EQ(answered(camera.token)->body, "too_many_offers");
  EXPECT_EQ(refused_offers("too_many_offers"), 1);
  EXPECT_EQ(answered(other.token)->status, 201);
  access_clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(answered(camera.token)->status, 201);
}

TEST_F(CameraAccessTest, stopping_is_told_to_leases_then_their_sessions_end_and_none_begins) {
  const auto camera = store_->cameras.add("gate").value();
  const auto resource = answered(camera.token);
  std::size_t running_when_told = 0;
  loop_.run_sync([&] {
    const auto lease = resource->lease;
    lease->on_end = [&](CameraLease::End end) {
      EXPECT_EQ(end, CameraLease::End::stopping);
      running_when_told = hub_->session_count(camera.camera.id);
    };
    access_->stop();
  });
  EXPECT_EQ(running_when_told, 1U);
  EXPECT_EQ(sessions(camera.camera.id), 0U);
  EXPECT_EQ(report(camera.camera.id).reason, "the server is stopping");
  EXPECT_EQ(answered(camera.token)->status, 503);
}

TEST_F(CameraAccessTest, a_look_up_that_outlives_the_access_comes_to_nothing) {
  const auto camera = store_->cameras.add("gate").value();
  std::promise<void> go;
  ASSERT_TRUE(stranger_pool_.try_post([held = go.get_future().share()] { held.wait(); }));
  const auto resource = post(camera.token, whole_offer());
  loop_.run_sync([&] { access_.reset(); });
  go.set_value();
  ASSERT_TRUE(stranger_pool_.wait_idle(std::chrono::seconds(20)));
  EXPECT_EQ(now(resource).status, 0);
}

config::Config with_relays() {
  config::Config config;
  config.ice.stun = "stun:stun.example.org";
  config.ice.turn = {"turn:relay.example.org", "turn:ann:secret@other.example.org"};
  return config;
}
class RelayAccessTest : public CameraAccessTest {
 protected:
  explicit RelayAccessTest(const config::Config& config = with_relays())
      : CameraAccessTest(config) {}
  std::vector<ice::Server> servers_of(const std::string& token) {
    std::optional<std::vector<ice::Server>> servers;
    loop_.run_sync([&] {
      EXPECT_TRUE(access_->authenticate({token, "192.0.2.1"},
                                        [&](Result<std::shared_ptr<CameraLease>> lease) {
                                          servers = lease.value()->ice_servers();
                                        }));
    });
    EXPECT_TRUE(eventually([&] {
      bool there = false;
      loop_.run_sync([&] { there = servers.has_value(); });
      return there;
    }));
    return servers.value_or(std::vector<ice::Server>());
  }
};

TEST_F(RelayAccessTest, a_relay_without_an_account_is_not_told_to_cameras) {
  const auto servers = servers_of(store_->cameras.add("gate").value().token);
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_EQ(servers[0].url(), "stun:stun.example.org");
  EXPECT_EQ(servers[1].url(), "turn:other.example.org");
  EXPECT_EQ(servers[1].username, "ann");
}

class SharedSecretAccessTest : public RelayAccessTest {
 protected:
  SharedSecretAccessTest() : RelayAccessTest([] {
    auto config = with_relays();
    config.ice.turn_secret = "shared";
    return config;
  }()) {}
};

TEST_F(SharedSecretAccessTest, accounts_by_a_shared_secret_are_made_out_to_the_camera) {
  const auto camera = store_->cameras.add("gate").value();
  const auto servers = servers_of(camera.token);
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_TRUE(servers[1].username.ends_with(":" + camera.camera.id.str()));
}

class OneCameraAccessTest : public CameraAccessTest {
 protected:
  OneCameraAccessTest() : CameraAccessTest([] {
    config::Config config;
    config.media.max_cameras = 1;
    return config;
  }()) {}
};

TEST_F(OneCameraAccessTest, one_camera_too_many_is_told_to_try_again_and_the_first_goes_on) {
  const auto camera = store_->cameras.add("gate").value();
  const auto other = store_->cameras.add("yard").value();
  const auto first = answered(camera.token);
  ASSERT_EQ(now(first).status, 201);
  EXPECT_EQ(answered(other.token)->status, 503);
  EXPECT_EQ(refused_offers("unavailable"), 1);
  EXPECT_EQ(now(first).gone, "");
  remove(first);
  EXPECT_EQ(answered(other.token)->status, 201);
}

}  // namespace
}  // namespace surveillx::mediaserver
