#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "camera_hub.hpp"
#include "camera_lease.hpp"
#include "cameras_news.hpp"
#include "offered_peer.hpp"
#include "surveillx/base/rate_limits.hpp"
#include "surveillx/base/worker_pool.hpp"
#include "surveillx/config/config.hpp"
#include "surveillx/net/event_loop.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/telemetry/metrics.hpp"

namespace surveillx::mediaserver {

/// The address has shown too many tokens that no camera has.
inline constexpr ErrorName kTooManyWrongTokens{"too_many_wrong_tokens"};

/// The one place that a way in for cameras asks: whose token this is, which servers that camera may
/// use, and for sessions. A front end (signalling's WebSockets, HTTP) keeps what is its protocol's:
/// who is connected, in which order messages come, and how an error is said. Loop thread only.
///
/// What tokens are asked for is bounded: those that no camera had when the database was last read are
/// looked up on a pool of their own, and wrong ones counted by address, so that a camera whose token
/// is known waits behind no stranger. Offers are counted by camera, over all ways in.
class CameraAccess {
 public:
  struct Parts {
    net::EventLoop& loop;
    WorkerPool& database_pool;  ///< Looks up the tokens that cameras had a moment ago.
    WorkerPool& stranger_pool;  ///< Looks up all others.
    store::Store& store;
    CameraHub& hub;
    WorkerPool& session_pool;  ///< Where peers get their candidates.
    telemetry::Metrics& metrics;
    const Clock& clock = system_clock();  ///< By which offers and wrong tokens are counted.
  };
  /// A token and whose it is said to be.
  struct Presented {
    std::string token;
    std::string address_group;  ///< net::address_group of who shows it.
  };
  using OnLease = std::function<void(Result<std::shared_ptr<CameraLease>>)>;

  CameraAccess(Parts parts, const config::Config& config);
  ~CameraAccess();
  CameraAccess(const CameraAccess&) = delete;
  CameraAccess& operator=(const CameraAccess&) = delete;

  /// Whether a camera had this token when the database was last read: who shows it is no stranger.
  [[nodiscard]] bool knows(const std::string& token) const;
  /// How long the address has to wait, since it has shown too many wrong tokens and this is not one
  /// that is known. Nothing when it would be looked up. Counts who is turned away.
  [[nodiscard]] std::optional<std::chrono::milliseconds> turns_away(const Presented& presented);
  /// Looks the token up. `then` is called later: with the camera's lease, with `not_found` (no
  /// camera's), with `revoked`, with `unavailable` (the server stops), or as the store fails. What is
  /// not looked up at all is told at once, and `then` never called: `too_many_wrong_tokens`,
  /// `unavailable` (too many wait).
  [[nodiscard]] Result<void> authenticate(const Presented& presented, OnLease then);

  /// What the database follower has read. Sessions of cameras that are gone end, and leases whose
  /// token is not the camera's any more are over.
  void set_cameras(CamerasNews news);
  /// All leases are over, then all sessions end, and none begins any more.
  void stop();

  /// Wrong tokens that one address may show at once; another comes back each kWrongTokenRefill.
  static constexpr int kMaxWrongTokens = 30;
  static constexpr std::chrono::milliseconds kWrongTokenRefill{1'000};

 private:
  friend class CameraLease;

  void looked_up(const Result<domain::Camera>& camera, const std::string& address_group,
                 const std::string& hash, SteadyTime asked_at, const OnLease& then);
  /// Whether the news that we have speak against a token that was presented at `asked_at`.
  [[nodiscard]] bool revoked(const CameraId& camera, const std::string& hash,
                             SteadyTime asked_at) const;
  [[nodiscard]] bool is_known(const std::string& hash) const { return known_.contains(hash); }
  [[nodiscard]] std::optional<std::chrono::milliseconds> turns_away_hash(
      const std::string& hash, const std::string& address_group);
  /// Those that somebody holds, oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<CameraLease>> leases() const;

  // What a lease asks for its holder.
  [[nodiscard]] std::vector<ice::Server> ice_servers(const CameraId& camera) const;
  [[nodiscard]] Result<CameraLease::Opened> open(const CameraId& camera, std::string offer_sdp,
                                                 OfferHooks hooks);
  [[nodiscard]] webrtc::SessionOptions peer_options() const;
  [[nodiscard]] Error refuse(const CameraId& camera, Error error);

  Parts parts_;
  config::Config config_;
  bool stopping_ = false;
  std::vector<std::weak_ptr<CameraLease>> leases_;
  std::unordered_map<CameraId, std::string> hashes_;  ///< As of `hashes_read_at_`.
  std::unordered_set<std::string> known_;             ///< The values of `hashes_`.
  SteadyTime hashes_read_at_{};
  RateLimits wrong_tokens_;  ///< By address.
  /// Of every camera, by its id: outlives leases, so that coming back does not refill it.
  RateLimits offers_;
  telemetry::Counter turned_away_;
  /// Lets leases and pool threads find out that this is gone.
  std::shared_ptr<CameraAccess*> self_ = std::make_shared<CameraAccess*>(this);
};

}  // namespace surveillx::mediaserver
