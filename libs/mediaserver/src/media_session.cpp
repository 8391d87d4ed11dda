#include "media_session.hpp"

#include "surveillx/base/log.hpp"

namespace surveillx::mediaserver {

namespace {

using Peer = std::shared_ptr<webrtc::PeerSession>;

/// What throws (no memory, no thread) fails the offer: unanswered it would stay `connecting` for
/// ever, since there is no session whose watchdog could end it.
Result<Peer> answer_or_error(const webrtc::SessionOptions& options, const std::string& sdp,
                             webrtc::SessionEvents events) {
  try {
    return webrtc::PeerSession::answer(options, sdp, std::move(events));
  } catch (const std::exception& e) {
    return Error{kInternal, e.what()};
  }
}

}  // namespace

std::shared_ptr<MediaSession> MediaSession::start(net::EventLoop& loop, WorkerPool& pool,
                                                  webrtc::SessionOptions options,
                                                  std::string offer_sdp,
                                                  MediaSessionEvents events) {
  std::shared_ptr<MediaSession> self(
      new MediaSession(loop, pool, std::move(options), std::move(events)));
  const bool posted = pool.try_post([self, sdp = std::move(offer_sdp),
                                     peer_events = self->peer_events(),
                                     session_options = self->options_, &loop]() mutable {
    auto peer = answer_or_error(session_options, sdp, std::move(peer_events));
    loop.post([self, peer = std::move(peer)]() mutable { self->created(std::move(peer)); });
  });
  if (!posted) {
    loop.post([self] {
      self->created(Error{kUnavailable, "the server is busy; try again in a few seconds"});
    });
  }
  return self;
}

MediaSession::MediaSession(net::EventLoop& loop, WorkerPool& pool, webrtc::SessionOptions options,
                           MediaSessionEvents events)
    : loop_(loop), pool_(pool), options_(std::move(options)), events_(std::move(events)) {}

webrtc::SessionEvents MediaSession::peer_events() {
  // The peer's callbacks come on its own threads: they hold no more than a weak reference, and each
  // looks again on the loop whether the session still counts.
  const std::weak_ptr<MediaSession> weak = weak_from_this();
  net::EventLoop& loop = loop_;
  const auto on_loop = [weak, &loop](auto action) {
    loop.post([weak, action = std::move(action)] {
      const auto self = weak.lock();
      if (self && !self->ended_) action(*self);
    });
  };
  webrtc::SessionEvents events;
  events.on_answer = [on_loop](std::string sdp) {
    on_loop([sdp = std::move(sdp)](MediaSession& self) { self.events_.on_answer(sdp); });
  };
  events.on_candidate = [on_loop](std::string candidate, int mline) {
    on_loop([candidate = std::move(candidate), mline](MediaSession& self) {
      self.events_.on_candidate(candidate, mline);
    });
  };
  events.on_state = [on_loop](domain::CameraState state) {
    on_loop([state](MediaSession& self) { self.events_.on_state(state); });
  };
  events.on_end = [on_loop](webrtc::EndReason reason, std::string detail) {
    on_loop([reason, detail = std::move(detail)](MediaSession& self) {
      self.events_.on_end(reason, detail);
    });
  };
  // The only one that stays on its thread: a frame does not take the way over the loop.
  events.on_frame = [on_frame = events_.on_frame](const frame::Frame& frame) { on_frame(frame); };
  return events;
}

void MediaSession::created(Result<std::shared_ptr<webrtc::PeerSession>> peer) {
  if (ended_) {
    if (peer) close_on_pool(std::move(*peer));
    return;
  }
  if (!peer) {
    ended_ = true;
    events_.on_failed(peer.error());
    return;
  }
  peer_ = std::move(*peer);
  for (auto& [candidate, mline] : waiting_candidates_) peer_->add_candidate(candidate, mline);
  waiting_candidates_.clear();
}

void MediaSession::add_candidate(std::string candidate, int mline_index) {
  if (ended_) return;
  if (peer_) {
    peer_->add_candidate(candidate, mline_index);
  } else {
    waiting_candidates_.emplace_back(std::move(candidate), mline_index);
  }
}

void MediaSession::end() {
  if (std::exchange(ended_, true)) return;
  if (peer_) close_on_pool(std::move(peer_));
}

std::optional<webrtc::SessionStats> MediaSession::stats() const {
  if (!peer_) return std::nullopt;
  return peer_->stats();
}

void MediaSession::close_on_pool(std::shared_ptr<webrtc::PeerSession> peer) {
  if (!pool_.try_post([peer] { peer->close(); })) {
    // Only while the process ends or is drowning: waiting here is then the lesser evil.
    log::warn("media.close_on_loop", {{"session", options_.id.str()}});
    peer->close();
  }
}

}  // namespace surveillx::mediaserver
