#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session_hooks.hpp"
#include "surveillx/base/clock.hpp"
#include "surveillx/base/error.hpp"
#include "surveillx/domain/ids.hpp"
#include "surveillx/ice/server.hpp"

namespace surveillx::mediaserver {

/// The token was the camera's, and is not any more: replaced, or the camera was removed.
inline constexpr ErrorName kRevoked{"revoked"};
/// More than `signaling.offers_per_minute` offers of one camera, by whatever way they come.
inline constexpr ErrorName kTooManyOffers{"too_many_offers"};

class CameraAccess;
class OfferedPeer;

/// What a camera's token entitles to, from CameraAccess::authenticate on and until it is over. The
/// front end holds it as long as who showed the token is connected or a session of it runs: who lets
/// go of it ends its sessions, since nobody could revoke them any more. Loop thread only; what is
/// asked of it after CameraAccess has gone comes to nothing.
class CameraLease {
 public:
  enum class End {
    revoked,   ///< The camera was removed or has another token. The sessions have ended.
    stopping,  ///< The server stops: say goodbye now. The sessions end next.
  };

  CameraLease(const CameraLease&) = delete;
  CameraLease& operator=(const CameraLease&) = delete;
  ~CameraLease();

  [[nodiscard]] const CameraId& camera() const { return camera_; }
  /// What the camera's own ICE may use, with accounts that are good from now on; none when it is over.
  [[nodiscard]] std::vector<ice::Server> ice_servers() const;

  /// Begins a session with an offer; whatever is wrong with the offer itself comes by `on_failed`.
  /// Another of this camera, whoever brought it, goes on until this one is worth more, and hears
  /// `on_taken_over` then (CameraHub). Errors: `too_many_offers`, `revoked`, `not_found` (the camera
  /// was removed), `unavailable` (media.max_cameras, no thread, the server stops).
  [[nodiscard]] Result<MediaSessionId> open(std::string offer_sdp, OfferHooks hooks);
  void add_candidate(const MediaSessionId& session, std::string candidate, int mline_index);
  /// Ends a session of this lease, if it still runs; `why` as signaling::EndSession says.
  void end(const MediaSessionId& session, const std::string& why);

  /// Called once, when the lease is over before its holder has let go of it, who may do so in here.
  std::function<void(End)> on_end;

 private:
  friend class CameraAccess;
  struct Claim {
    CameraId camera;
    std::string token_hash;
    SteadyTime asked_at{};  ///< When the token was presented.
  };
  /// What an offer has become: its session, and the way its candidates take.
  struct Opened {
    MediaSessionId session;
    std::shared_ptr<OfferedPeer> peer;
  };
  CameraLease(std::shared_ptr<CameraAccess*> access, Claim claim);
  void finish(End end);
  void end_now(const MediaSessionId& session, const std::string& why);
  void end_sessions(const std::string& why);
  [[nodiscard]] CameraAccess* access() const { return *access_; }

  const std::shared_ptr<CameraAccess*> access_;  ///< To null once that is gone.
  const CameraId camera_;
  const std::string token_hash_;
  const SteadyTime asked_at_;
  std::optional<End> over_;
  std::vector<Opened> sessions_;  ///< Those that may still run, oldest first.
};

}  // namespace surveillx::mediaserver
