#include "camera_access.hpp"

#include <algorithm>
#include <utility>

#include "surveillx/base/log.hpp"
#include "surveillx/crypto/token.hpp"
#include "surveillx/ice/local_addresses.hpp"
#include "surveillx/ice/servers.hpp"

namespace surveillx::mediaserver {
namespace {

RateLimits::Options offer_limits(int per_minute) {
  RateLimits::Options options;
  options.capacity = per_minute;
  options.refill = std::max(std::chrono::milliseconds(60'000) / per_minute,
                            std::chrono::milliseconds(1));
  options.max_keys = 16'384;
  return options;
}

}  // namespace

CameraAccess::CameraAccess(Parts parts, const config::Config& config)
    : parts_(parts),
      config_(config),
      wrong_tokens_(parts.clock, {kMaxWrongTokens, kWrongTokenRefill, 4096}),
      offers_(parts.clock, offer_limits(config.signaling.offers_per_minute)),
      turned_away_(parts.metrics.counter(
          "signaling_refused_addresses_total",
          "Tokens not looked up because their address had shown too many wrong ones")) {}

CameraAccess::~CameraAccess() { *self_ = nullptr; }

bool CameraAccess::knows(const std::string& token) const {
  return is_known(crypto::token_hash(token));
}

std::optional<std::chrono::milliseconds> CameraAccess::turns_away(const Presented& presented) {
  return turns_away_hash(crypto::token_hash(presented.token), presented.address_group);
}

std::optional<std::chrono::milliseconds> CameraAccess::turns_away_hash(
    const std::string& hash, const std::string& address_group) {
  if (is_known(hash)) return std::nullopt;
  const auto wait = wrong_tokens_.wait(address_group);
  if (wait.count() <= 0) return std::nullopt;
  turned_away_.add();
  return wait;
}

Result<void> CameraAccess::authenticate(const Presented& presented, OnLease then) {
  const SteadyTime asked_at = system_clock().steady();
  auto hash = crypto::token_hash(presented.token);
  if (turns_away_hash(hash, presented.address_group)) {
    return Error{kTooManyWrongTokens,
                 "too many wrong tokens came from this address; try again in a moment"};
  }
  // What strangers ask waits in a line of its own, and not before what cameras ask.
  auto& pool = is_known(hash) ? parts_.database_pool : parts_.stranger_pool;
  const bool posted =
      pool.try_post([self = self_, &loop = parts_.loop, &store = parts_.store, presented, asked_at,
                     hash = std::move(hash), then = std::move(then)]() mutable {
        auto camera = store.cameras.find_by_token(presented.token);
        // Moved: what `then` owns is the loop's, and may not end here.
        loop.post([self, camera = std::move(camera), group = presented.address_group, asked_at, hash,
                   then = std::move(then)] {
          if (*self != nullptr) (*self)->looked_up(camera, group, hash, asked_at, then);
        });
      });
  if (!posted) return Error{kUnavailable, "too many tokens wait to be looked up"};
  return {};
}

void CameraAccess::looked_up(const Result<domain::Camera>& camera,
                             const std::string& address_group, const std::string& hash,
                             SteadyTime asked_at, const OnLease& then) {
  if (!camera && camera.error().is(kNotFound)) {
    (void)wrong_tokens_.take(address_group);
    return then(camera.error());
  }
  if (!camera) {
    log::error("signaling.lookup_failed", {{"error", camera.error().message}});
    return then(camera.error());
  }
  if (stopping_) return then(Error{kUnavailable, "the server is stopping"});
  // The database's news may have come between the look-up and this line, or may not have come yet for
  // a camera that was added a moment ago.
  if (revoked(camera->id, hash, asked_at)) {
    return then(Error{kRevoked, "the token was replaced while it was looked up"});
  }
  parts_.hub.add_camera(*camera, asked_at);
  std::shared_ptr<CameraLease> lease(new CameraLease(self_, {camera->id, hash, asked_at}));
  std::erase_if(leases_, [](const auto& one) { return one.expired(); });
  leases_.push_back(lease);
  then(std::move(lease));
}

bool CameraAccess::revoked(const CameraId& camera, const std::string& hash,
                           SteadyTime asked_at) const {
  if (asked_at >= hashes_read_at_) return false;
  const auto current = hashes_.find(camera);
  return current == hashes_.end() || current->second != hash;
}

std::vector<std::shared_ptr<CameraLease>> CameraAccess::leases() const {
  std::vector<std::shared_ptr<CameraLease>> held;
  for (const auto& one : leases_) {
    if (auto lease = one.lock()) held.push_back(std::move(lease));
  }
  return held;
}

void CameraAccess::set_cameras(CamerasNews news) {
  parts_.hub.set_cameras(news.cameras, news.read_at);
  hashes_ = std::move(news.token_hashes);
  known_.clear();
  for (const auto& [camera, hash] : hashes_) known_.insert(hash);
  hashes_read_at_ = news.read_at;
  for (const auto& lease : leases()) {
    if (revoked(lease->camera_, lease->token_hash_, lease->asked_at_)) {
      lease->finish(CameraLease::End::revoked);
    }
  }
}

void CameraAccess::stop() {
  stopping_ = true;  // A look-up may come back after this.
  for (const auto& lease : leases()) lease->finish(CameraLease::End::stopping);
  parts_.hub.end_all();
}

std::vector<ice::Server> CameraAccess::ice_servers(const CameraId& camera) const {
  auto servers = ice::servers_for(config_.ice.servers(), camera.str(), system_clock().now());
  // Without an account it is of no use to a camera, and browsers refuse to take it at all.
  std::erase_if(servers, [](const ice::Server& server) {
    return server.is_turn() && server.username.empty();
  });
  return servers;
}

webrtc::SessionOptions CameraAccess::peer_options() const {
  webrtc::SessionOptions options;
  options.ice.local_addresses = ice::addresses_to_announce(config_.ice.local_addresses);
  options.ice.servers = ice::servers_for(config_.ice.servers(), "media", system_clock().now());
  options.ice.min_port = config_.ice.min_port;
  options.ice.max_port = config_.ice.max_port;
  options.max_size = {config_.media.max_width, config_.media.max_height};
  return options;
}

Result<CameraLease::Opened> CameraAccess::open(const CameraId& camera, std::string offer_sdp,
                                               OfferHooks hooks) {
  if (auto taken = parts_.hub.takes_sessions_of(camera); !taken) return taken.error();
  if (!offers_.take(camera.str())) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(offers_.wait(camera.str()));
    return refuse(camera, {kTooManyOffers, "this camera has sent " +
                                               std::to_string(config_.signaling.offers_per_minute) +
                                               " offers within a minute; try again in " +
                                               std::to_string(wait.count()) + " s"});
  }
  OfferedPeer::Hooks of_peer;
  of_peer.on_answer = [self = self_, camera, answer = std::move(hooks.on_answer)](
                          const MediaSessionId& session, std::string sdp) {
    if (*self != nullptr && (*self)->parts_.hub.established(camera, session)) {
      answer(std::move(sdp));
    }
  };
  of_peer.on_candidate = [self = self_, camera, give = std::move(hooks.on_candidate)](
                             const MediaSessionId& session, std::string candidate, int mline) {
    if (*self != nullptr && (*self)->parts_.hub.has_session(camera, session)) {
      give(std::move(candidate), mline);
    }
  };
  auto peer = OfferedPeer::create(parts_.loop, parts_.session_pool, peer_options(),
                                  std::move(offer_sdp), std::move(of_peer));
  auto begun = parts_.hub.start(camera, peer->opener(), std::move(hooks));
  if (!begun) return refuse(camera, begun.error());
  return CameraLease::Opened{*begun, std::move(peer)};
}

Error CameraAccess::refuse(const CameraId& camera, Error error) {
  log::warn("media.offer_refused", {{"camera", camera.str()}, {"error", error.name.text()}});
  parts_.metrics
      .counter("media_offers_refused_total", "Offers that were not looked at",
               {{"reason", std::string(error.name.text())}})
      .add();
  return error;
}

}  // namespace surveillx::mediaserver
