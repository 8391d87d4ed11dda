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
  return access() == nullptr ? std::vector<ice::Server>() : access()->ice_servers(camera_);
}

Result<MediaSessionId> CameraLease::open(const std::string& offer_sdp, SessionHooks hooks) {
  if (over_ == End::revoked) {
    return Error{kRevoked, "the camera was removed or its token was replaced"};
  }
  if (access() == nullptr) return Error{kUnavailable, "the server is stopping"};
  auto session = access()->open(camera_, offer_sdp, std::move(hooks));
  if (!session) return session;
  // Those that have ended by themselves are not said to.
  std::erase_if(sessions_, [this](const MediaSessionId& earlier) {
    return !access()->parts_.hub.has_session(camera_, earlier);
  });
  sessions_.push_back(*session);
  return session;
}

void CameraLease::add_candidate(const MediaSessionId& session, std::string candidate,
                                int mline_index) {
  if (access() == nullptr) return;
  access()->parts_.hub.add_candidate(camera_, session, std::move(candidate), mline_index);
}

void CameraLease::end(const MediaSessionId& session, const std::string& why) {
  std::erase(sessions_, session);
  if (access() != nullptr) access()->parts_.hub.end(camera_, session, why);
}

void CameraLease::end_sessions(const std::string& why) {
  for (const MediaSessionId& session : std::exchange(sessions_, {})) end(session, why);
}

void CameraLease::finish(End end) {
  if (over_) return;
  over_ = end;
  if (end == End::revoked) end_sessions("revoked");
  if (const auto tell = std::exchange(on_end, nullptr)) tell(end);
}

}  // namespace surveillx::mediaserver
