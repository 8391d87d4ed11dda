#include "camera_lease.hpp"

#include <utility>

#include "camera_access.hpp"

namespace surveillx::mediaserver {

CameraLease::CameraLease(std::shared_ptr<CameraAccess*> access, Claim claim)
    : access_(std::move(access)),
      camera_(std::move(claim.camera)),
      token_hash_(std::move(claim.token_hash)),
      asked_at_(claim.asked_at) {}

CameraLease::~CameraLease() { end_sessions("ended"); }

std::vector<ice::Server> CameraLease::ice_servers() const {
  if (over_ || access() == nullptr) return {};
  return access()->ice_servers(camera_);
}

Result<MediaSessionId> CameraLease::open(std::string offer_sdp, OfferHooks hooks) {
  if (over_ == End::revoked) {
    return Error{kRevoked, "the camera was removed or its token was replaced"};
  }
  if (access() == nullptr) return Error{kUnavailable, "the server is stopping"};
  auto opened = access()->open(camera_, std::move(offer_sdp), std::move(hooks));
  if (!opened) return opened.error();
  // Those that have ended by themselves are not said to.
  std::erase_if(sessions_, [this](const Opened& earlier) {
    return !access()->parts_.hub.has_session(camera_, earlier.session);
  });
  sessions_.push_back(std::move(*opened));
  return sessions_.back().session;
}

void CameraLease::add_candidate(const MediaSessionId& session, std::string candidate,
                                int mline_index) {
  for (const Opened& held : sessions_) {
    if (held.session == session) held.peer->add_candidate(std::move(candidate), mline_index);
  }
}

void CameraLease::end(const MediaSessionId& session, const std::string& why) {
  const auto ours =
      std::erase_if(sessions_, [&](const Opened& held) { return held.session == session; });
  if (ours > 0) end_now(session, why);
}

void CameraLease::end_now(const MediaSessionId& session, const std::string& why) {
  if (access() != nullptr) access()->parts_.hub.end(camera_, session, why);
}

void CameraLease::end_sessions(const std::string& why) {
  for (const Opened& held : std::exchange(sessions_, {})) end_now(held.session, why);
}

void CameraLease::finish(End end) {
  if (over_) return;
  over_ = end;
  if (end == End::revoked) end_sessions("revoked");
  if (const auto tell = std::exchange(on_end, nullptr)) tell(end);
}

}  // namespace surveillx::mediaserver
